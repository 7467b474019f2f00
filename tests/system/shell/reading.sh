printf 'a b c\nd\\\ne\n  lead\nlast' > f; { read x y; echo "$x|$y"; read x; echo "$x"; read -r x; echo "$x"; read x; echo "$x|$?"; } < f
while read -r line || [ -n "$line" ]; do echo "<$line>"; done < f; IFS=: read u p i < /dev/stdin <<END
root:x:0
END
echo "$u $p $i"; IFS= read -r x <<END
  kept  
END
echo "<$x>"; echo abcdef | { read -n 3 x; echo $x; }; read -t 0.05 x < /dev/null; echo $?; printf 'x,y,z\n' | { IFS=, read -r a b c; echo $c$b$a; }
sleep 0.3 | { read -t 0.05 x; echo $?; }
seq 1 500 | { n=0; while read v; do n=$((n + v)); done; echo $n; }; seq 6 | { read a; cat | tr '\n' ' '; echo "after $a"; }
printf '%s %5d|%-5s|%05.2f %x %o %c %%\n' str 42 left 3.14159 255 8 char; printf '%b' 'tab\there\n\0101\n'; printf '%s-' 1 2 3; echo
printf '%d %d\n' 1 2 3; printf '%q\n' x 2>/dev/null; printf '%d\n' abc; echo $?; echo -e 'a\tb\x41\101'; echo -n x; echo; printf '%e %g\n' 12345.678 0.0001
[ 1 -lt 2 ] && [ b \> a ] && test -n x -a ! -z y && echo tests; [ -f f ] && [ ! -d f ] && [ -r f ] && [ -s f ] && [ -e . ] && echo files; [ 1 = 1 -o x ]; echo $?
[ a -eq 1 ]; echo $?; [[ abc == a* ]] && echo double; [ -t 0 ]; echo $?; [ -p /dev/stdin ]; echo $?; echo | [ -p /dev/stdin ]; echo $?; [ -c /dev/null ]; echo $?
touch -d '2020-01-01 00:00:00' old; touch -d '2021-01-01 00:00:00' new; [ new -nt old ]; echo $?; [ old -nt new ]; echo $?; ln f hard; [ f -ef hard ]; echo $?; ln -s f soft; [ -L soft ]; echo $?
