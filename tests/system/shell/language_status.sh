# Statuses, set -e and its like; how commands end.
sh -c 'exit 300'; echo $?; sh -c 'kill -9 $$'; echo $?; sh -c 'kill -TERM $$'; echo $?
sh -c 'set -e; echo a; false; echo b'; echo $?; sh -c 'set -e; false || true; if false; then :; fi; ! true; echo kept'; echo $?
sh -c 'set -u; echo $nope; echo b'; echo $?; sh -c 'set -e; (exit 3); echo b'; echo $?
sh -c 'set -o pipefail; false | true'; echo $?; false | true; echo $?; true | false; echo $?
sh -c 'set -x; echo traced; x=1'; set -- ; nope; echo $?; ./nope; echo $?; mkdir d; ./d; echo $?; : > file; ./file; echo $?
chmod +x file; ./file; echo $?; printf '#!/bin/sh\necho "script $0 $*"\n' > s; chmod +x s; ./s 1 2; echo $?
printf 'echo no interpreter $1\n' > t; chmod +x t; ./t 1; echo $?; printf '#!/nope/x\n' > u; chmod +x u; ./u; echo $?
printf '\177ELFgarbage' > v; chmod +x v; ./v; echo $?; cat /nope; echo $?; cd /nope; echo $?; exec 9</nope; echo not reached
