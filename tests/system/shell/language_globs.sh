mkdir d d/e; touch a.c b.c c.h .hidden d/x.c d/e/y.c 'a b' '[x]' 'q?'
echo *; echo *.c; echo .h*; echo d/*; echo d/*/*; echo [ab].c; echo [!ab].*; echo ?.c; echo nothing*; echo '*'; echo "a"*
echo \[x\]; echo q\?; echo [[:lower:]].[[:lower:]]; echo */; set -f; echo *; set +f
for f in *; do printf '<%s>' "$f"; done; echo
case a.c in *.h) echo h ;; *.c) echo c ;; esac
case "x y" in "x y") echo quoted ;; esac; case z in [a-m]) echo low ;; [n-z]) echo high ;; esac
case '*' in \*) echo star ;; esac; case ab in a | b) echo one ;; ??) echo two ;; esac
case none in x) ;; esac; echo $?
i=0; while [ $i -lt 300 ]; do : > "d/e/file$i"; i=$((i + 1)); done
echo d/e/* | wc; ls d/e | wc -l; ls d/e | sort | tail -n 3; rm d/e/file*; ls d/e
