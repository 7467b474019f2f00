seq 1 100000 | sort -rn | md5sum; seq 1 50000 | tac | awk '{ s += $1 } END { print s }'; yes | head -n 3; yes abc | head -c 1000000 | md5sum
seq 10 | while read n; do echo $((n * n)); done | tail -n 2; echo a | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat | cat
(echo a; echo b) | { read x; read y; echo "$y$x"; }; echo $(seq 5) | tr ' ' + | xargs echo; seq 3 | xargs -n 1 echo item
seq 1000 | sed -n '$='; seq 1000 | head -n 1; echo $?; seq 1 300000 | head -n 2 | tail -n 1; x=$(seq 20000); echo ${#x}
sh -c 'yes; echo $? >&2' 2> status | head -n 1; cat status; (trap '' PIPE; yes 2>&1; echo $? >&2) 2> status | head -n 1; cat status
head -c 3000000 /dev/zero | md5sum; head -c 3000000 /dev/zero | gzip | gunzip | wc -c; cat /dev/zero | head -c 70000 | wc -c
mkfifo fifo 2>/dev/null && { echo through > fifo & cat fifo; wait; }; echo in | tee t1 t2 | tr i o; cat t1 t2
i=0; while [ $i -lt 60 ]; do x=$(echo $i | sed 's/$/!/'); i=$((i + 1)); done; echo $x; echo -n | wc -c; : | cat; echo $?
seq 1 20 | paste - - - - | column 2>/dev/null | tr -s ' \t' ' ' ; seq 100 | split -l 30 - part; wc -l part*; cat parta? | md5sum
{ sleep 0.05; echo slow; } | { read l; echo "got $l"; }; echo abc | (read -n 2 x; echo $x); printf 'a\0b' | tr '\0' n; echo
