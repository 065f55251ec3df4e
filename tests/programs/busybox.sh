# Everyday applets of busybox by its own shell. What is printed must be the same on every Linux, whatever its files' times and sizes.
umask 022
export TZ=UTC LC_ALL=C
echo '-- shell'
add() { local a=$1; shift; echo $((a + $1)); }
add 40 2
x=$(printf '%s-' a b c); echo "${x%-} ${#x} ${x##*b}"
for i in 1 2 3; do [ $i = 2 ] && continue; echo "$i"; done | while read -r n; do echo "got $n"; done
case postern in p*n) echo matched ;; *) echo missed ;; esac
cat <<END
here $((6 * 7)) document
END
(exit 3); echo "status $?"
trap 'echo trapped' USR1; kill -USR1 $$; trap - USR1
sleep 100 & kill $!; wait $!; echo "killed $?"
false | true; echo "pipe $?"; ! true; echo "not $?"
exec 3>three; echo to three >&3; exec 3>&-; cat three
ls /no/such 2>&1 >/dev/null; ls /no/such >all 2>&1; cat all; : >empty; [ -s empty ] || echo empty
set -- -a -b value rest; while getopts ab: o; do echo "$o $OPTARG"; done
yes | head -n 2; seq 100000 | head -n 1
echo '-- text'
printf 'banana 3\napple 10\ncherry 2\napple 1\n' >f
sort f; sort -k2 -n f; sort -u -k1,1 f; sort -r f | uniq -c | tr -s ' '
grep -n an f; grep -c apple f; grep -v e f; grep -E '^(a|c).*[0-9]{2}$' f; grep -q zebra f; echo $?
sed -e 's/a\(.\)/<\1>/g' -e '/cherry/d' f; sed -n '2,3p;$=' f; sed -i s/banana/bread/ f; head -n 1 f
awk '{ sum[$1] += $2 } END { for (k in sum) print k, sum[k] | "sort" }' f
awk 'BEGIN { printf "%05.2f %x %s\n", 3.14159, 255, toupper("up"); print length("four"), substr("postern", 2, 3) }'
cut -d ' ' -f 2 f; tr a-z A-Z <f | rev; wc f; head -c 5 f; echo; tail -n 1 f; tac f | nl; paste f f | fold -w 12 | head -n 3
od -c three; hexdump -C three; xxd three; md5sum f; sha1sum f; sha256sum f; base64 f; uuencode f f
seq 5 | xargs -n 2 echo; expr 3 \* 4; expr length postern; factor 60; echo '2^100' | bc; dc -e '2 3 + p'; tee g <f >/dev/null; cmp f g && diff f g && echo same
date -u -d @1700000000 '+%Y-%m-%d %H:%M:%S %a %j'; cal 2 2024
echo '-- files'
mkdir -p d/e/g; cp f d; ln f d/hard; ln -s ../f d/soft; mkfifo d/pipe; cp -a d copy; mv d/e/g d/h
find . -type f | sort; find d -type l -o -type p | sort; find . -name 'h*' -exec basename {} \; | sort
chmod 640 f; touch -d '2020-01-02 03:04:05' f; stat -c '%n %a %h %s %Y' f; ls -l f | awk '{ print $1, $2, $5, $6, $7, $8 }'; ls -F d; test d/hard -ef f && echo one
(cat d/pipe) & echo through a pipe >d/pipe; wait
tar -cf x.tar d f; tar -tf x.tar | sort; mkdir out; tar -xf x.tar -C out; find out | sort; cmp out/f f; stat -c '%a %Y' out/f; diff -r d/h out/d/h
tar -czf x.tgz d; tar -tzf x.tgz | wc -l; gzip -k f; gunzip -c f.gz | cmp - f; zcat f.gz | head -n 1; bzip2 -k f; bzcat f.bz2 | cmp - f
find d | sort | cpio -o -H newc 2>/dev/null >x.cpio; mkdir c; cd c; cpio -id <../x.cpio 2>/dev/null; find . | sort; cd ..
dd if=/dev/zero of=z bs=1k count=100 2>/dev/null; truncate -s 5000 z; stat -c %s z; dd if=z bs=1000 skip=4 2>/dev/null | wc -c; od z
realpath d/soft | sed 's|.*/||'; readlink d/soft; basename /a/b.c .c; dirname /a/b.c
rm -r d copy out c; rmdir nothing 2>&1; ls
timeout 1 sleep 5; echo "timeout $?"; nohup true 2>/dev/null; env -i A=1 env; which sh >/dev/null && echo found; test -t 0 || echo no terminal
