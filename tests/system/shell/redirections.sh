echo one > f; echo two >> f; cat < f; cat f > g; cat g >> f; wc < f; : > g; wc -c < g; echo x > h 2>&1; cat h
{ echo out; echo err >&2; } > o 2> e; cat o e; { echo out; echo err >&2; } 2>&1 | sort; { echo out; echo err >&2; } > both 2>&1; cat both
{ echo out; echo err >&2; } 2>&1 >/dev/null | cat; echo swap 3>&1 1>&2 2>&3 | cat
exec 3> three; echo to three >&3; echo again >&3; exec 3>&-; cat three; echo closed >&3; echo $?
exec 4< three; read a <&4; read b <&4; read c <&4; echo "$a,$b,$c,$?"; exec 4<&-
exec 5<> three; read line <&5; echo over >&5; exec 5>&-; cat three; exec 6> f; exec 7>&6; echo by 7 >&7; echo by 6 >&6; exec 6>&- 7>&-; cat f
set -C; echo no > f; echo $?; echo yes >| f; set +C; cat f; echo > /nope/x; echo $?; cat < nothing; echo $?
(exec > inner; echo inside; echo again); cat inner; exec 8>&1; exec > all; echo hidden; exec >&8 8>&-; cat all
while read -r line; do echo "<$line>"; done < inner; for i in 1 2; do echo $i; done > loop; cat loop; if true; then echo if; fi > c; cat c
head -c 100000 /dev/zero | tr '\0' x > big; { head -c 10; echo; head -c 5; echo; } < big; wc -c < big
echo appended >> big; tail -c 9 big; > big; ls -l big | awk '{ print $5 }'; echo to null > /dev/null; cat /dev/null; echo $?
(sleep 0.05; echo late) > l & wait; cat l; echo a > p; (echo b; cat p) > q; cat q; echo full > /dev/full; echo $?
dd if=/dev/zero bs=1000 count=3 2>/dev/null | od -An -tx1 | head -n 2
