factorial() { local n=$1; [ $n -le 1 ] && { echo 1; return; }; echo $((n * $(factorial $((n - 1))))); }
factorial 15
f() { echo "$# $*"; return 3; }; f a b; echo $?; f; echo $?
g() { x=inside; local y=local; echo $x $y; }; x=before; y=outer; g; echo $x $y
h() ( x=lost; echo $x ); h; echo $x
deep() { [ $1 = 0 ] && return 7; deep $(($1 - 1)); }; deep 200; echo $?
for i in 1 2 3 4 5 6; do [ $i = 2 ] && continue; [ $i = 5 ] && break; echo $i; done
n=0; while :; do n=$((n + 1)); for k in a b; do [ $n = 3 ] && break 2; echo $n$k; done; done
until [ $n -ge 6 ]; do n=$((n + 1)); done; echo $n
i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; echo $i
if false; then echo no; elif true; then echo elif; else echo else; fi
! true; echo $?; ! false; echo $?; true && echo and || echo or; false && echo and || echo or
{ echo group; false; }; echo $?; (exit 42); echo $?; (false); echo $?
eval 'v=evaluated; echo $v'; alias x=y; unalias x; type echo; type f >/dev/null; command -v nothing; echo $?
. /dev/stdin <<'END'
sourced=yes
END
echo $sourced; unset -f f; f 2>/dev/null; echo $?
getopts ab:c option -b value -a; echo $option $OPTARG $OPTIND
printf '%s\n' "$(echo 'nested $(x)' "$(echo "inner $(echo most)")")" `echo old \`echo style\``
