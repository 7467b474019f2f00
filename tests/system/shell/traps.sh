trap 'echo usr1' USR1; kill -USR1 $$; echo after; trap '' USR1; kill -USR1 $$; echo ignored; trap - USR1; sh -c 'kill -USR1 $$'; echo $?
sh -c 'trap "echo bye" EXIT; echo hi'; sh -c 'trap "echo bye \$?" EXIT; exit 3'; echo $?; sh -c 'trap "echo int" INT; kill -INT $$; echo on'; echo $?
sh -c 'trap "echo t; exit 8" TERM; kill $$; echo not'; echo $?; (trap 'echo sub' EXIT; echo in); trap 'echo a' USR1; trap 'echo b' USR2; trap
kill -USR2 $$; kill -USR1 $$; (kill -USR1 $$; echo child); echo parent; trap - USR1 USR2; trap
n=0; trap 'n=$((n + 1))' USR1; i=0; while [ $i -lt 50 ]; do kill -USR1 $$; i=$((i + 1)); done; echo $n
trap 'echo alarm' ALRM; (sleep 0.05; kill -ALRM $$) & wait $!; echo status $?; wait; trap 'echo woken' USR1
(sleep 0.1; kill -USR1 $$) & sleep 0.3; echo slept; wait; sh -c 'trap "" TERM; sh -c "kill \$\$; echo inherited"'; kill -l 15; kill -l TERM
sh -c 'trap "echo usr; return 2>/dev/null" USR1; f() { kill -USR1 $$; echo in f; }; f; echo out'; kill -l | tr '\n' ' ' | head -c 60; echo
yes > /dev/null & sleep 0.05; kill -STOP $!; kill -TERM $!; kill -CONT $!; wait $!; echo $?
