# ls, cat, cp, mv, rm, mkdir, ln, find, touch, chmod, stat, du's likes.
mkdir -p a/b/c; echo one > a/1; echo two > a/b/2; seq 1000 > a/b/c/3; ln -s b/2 a/link; ln a/1 a/hard; mkdir a/empty; chmod 640 a/1; : > a/.dot
find a | sort; find a -type f -name '[0-9]' | sort; find a -type d -empty; find a -type l; find a -size +1 -type f; find a -mindepth 2 -maxdepth 2 | sort
find a -type f -exec wc -c {} \; | sort; find a -name 2 -print0 | xargs -0 cat; find a \( -name 1 -o -name 2 \) ! -path '*b*'; find a -links 2 -type f | sort; find a -perm 640 | sort
ls a; ls -a a; ls -A a; ls -1F a; ls -R a; ls -d a/*; ls -l a | awk 'NR > 1 { print substr($1, 1, 10), $9, $10, $11 }'; ls -S a/b/c a/1; ls nope; echo $?
cp a/1 x; cat x; cp -r a copy; find copy | sort; cp -a a archive; ls -l archive | awk 'NR > 1 { print substr($1, 1, 10), $9, $10, $11 }'; cp a d 2>&1; echo $?; cp a/1 a/b/2 copy/empty; ls copy/empty
mv x y; ls x y; mv y copy/; cat copy/y; mv copy renamed; ls renamed; mv renamed/y renamed/1; ls renamed; mkdir m; mv renamed/b m; find m | sort; mv m m/b; echo $?
mkdir a 2>&1; echo $?; mkdir -p a q/r/s; mkdir nope/x; echo $?; rmdir q; echo $?; rmdir -p q/r/s; ls -d q; echo $?; rm a; echo $?; rm -r m; rm nope; echo $?; rm -f nope; echo $?; rm -rf renamed archive; ls
ln -s nothing broken; cat broken; [ -e broken ] || [ -L broken ]; echo $?; readlink broken; readlink -f a/link | sed 's/.*\///'; ln -s loop loop; cat loop; rm broken loop; ln a/1 a/b/2; echo $?; ln -sf new a/link; readlink a/link
chmod 700 y 2>&1; : > y; chmod a=r,u+wx y; ls -l y | cut -c 1-10; chmod 4755 y; stat -c '%a %s %F %h' y; stat -c '%a %F' a/link a/empty; touch -d '2001-02-03 04:05:06' y; TZ=UTC ls -l --full-time y 2>/dev/null | awk '{ print $6, $7 }'; stat -c %Y y
cat a/1 - a/b/2 < y; cat -n a/1 a/b/2; cat -A y; truncate -s 5000 y; wc -c y; truncate -s 3 a/1; cat a/1; echo; cmp a/1 a/b/2; echo $?; diff a/1 a/b/2; echo $?; diff -r a a && echo same; basename /x/y.z .z; dirname /x/y.z; pwd | sed 's/.*\///'; (cd a/b/../b && ls); realpath a/b/.. | sed 's/.*\///'
mktemp -u ./XXXXXX | wc -c; t=$(mktemp ./tXXXXXX) && [ -f $t ] && rm $t; touch f1 f2; ls f?; rm -i f1 < /dev/null; install -m 600 a/b/2 inst; ls -l inst | cut -c 1-10; mkdir -m 700 p; ls -ld p | cut -c 1-10; test -x y; echo $?
