# Words: expansion of parameters, quoting, splitting, arithmetic, patterns of names.
x=hello; y="two  words"; unset z
echo $x "$y" $y '$x' "\$x" \$x "${x}s" ${#x} ${z:-none} ${z:=set} $z ${x:+there} "${z+is}"
echo ${x#h} ${x##*l} ${x%o} ${x%%l*} ${x/l/L} ${x//l/L} ${x:1:3}
(echo ${nope?it is not set}); echo status $?
set -- a "b c" "" d; echo $# "$1" "$2" "$4"; for w in "$@"; do echo "<$w>"; done
for w in $*; do echo "[$w]"; done; IFS=:; echo "$*"; IFS=' '; shift 2; echo "$#:$1:$2"
path=/usr/lib/a.b.c; echo ${path##*/} ${path%/*} ${path%%.*} ${path#*.}
echo $((1 + 2 * 3)) $(((1 + 2) * 3)) $((7 / 2)) $((-7 / 2)) $((-7 % 3)) $((1 << 10)) $((255 & ~15)) $((3 > 2 ? 10 : 20))
i=5; echo $((i++)) $i $((++i)) $((i += 10)) $((i ** 2)) $((0x1f)) $((017)) $((!0)) $((1 && 0)) $((1 || 0)) $((5, 6))
echo $((2147483647 + 1)) $((9223372036854775807)) $((9223372036854775807 + 1)) $((-9223372036854775807 - 1))
echo $((1 / 0)); echo not reached
