name=world; cat <<END
hello $name $((6 * 7)) $(echo inner) \$kept `echo back`
END
cat <<'END'
$name is kept \n
END
cat <<-END
	tabs go
		all of them
	END
cat <<A; cat <<B
first
A
second
B
while read -r l; do echo "<$l>"; done <<END
a b
  c
END
f() { cat <<END
in a function: $1
END
}
f 1; f 2 | tr a-z A-Z; (cat) <<END
subshell
END
cat <<END | sort | uniq -c | awk '{ print $2, $1 }'
b
a
b
END
long=$(seq 1 30000); cat <<END | md5sum
$long
END
cat <<END > file; cat file
$(cat <<INNER
nested
INNER
)
END
read a b <<END
1 2 3
END
echo "$a,$b"; exec 3<<END
kept open
END
cat <&3; cat <<END
no newline behind a \
joined line
END
