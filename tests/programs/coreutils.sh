# Debian's coreutils and dash. What is printed must be the same on every Linux, whatever its files' times and sizes.
umask 022
export TZ=UTC LC_ALL=C
echo '-- dash'
f() { echo "in f: $*"; return 4; }
f a b; echo $?
set -- one two; shift; echo "$# $1 ${2:-default} ${x=set} $x"
i=0; while [ $i -lt 3 ]; do i=$((i + 1)); [ $i = 2 ] || printf '%d ' $i; done; echo
echo "$(echo nested "$(echo deeper)")" `echo old`
(trap 'echo bye' EXIT; exit 5); echo "status $?"
sleep 60 & kill -9 $!; wait $! 2>/dev/null; echo "killed $?"
{ echo out; echo err >&2; } 2>&1 | sort; cat <<'END'
$no expansion
END
command -v test; eval 'echo evaluated'; echo 'echo sourced $1' >s; . ./s; sh ./s arg; ulimit -n >/dev/null && echo limits
echo '-- text'
printf 'banana 3\napple 10\ncherry 2\napple 1\n' >t
sort -k2n t; sort -s -k1,1 t | uniq -w5 -c; cut -c1-3 t; tr -d aeiou <t; wc -lwc t; head -n -2 t; tail -n +3 t; nl t; tac t; comm -12 t t 2>/dev/null
paste -sd, t; join t t 2>/dev/null | head -n 2; fold -w 4 t | head -n 3; fmt -w 20 t; pr -t -2 t; expand t | unexpand -a; od -An -tx1 t | head -n 1; split -l 1 t p.; ls p.*; csplit -s t 3; cat xx01
md5sum t; sha1sum t; sha224sum t; sha256sum t; sha512sum t; b2sum t; cksum t; sum t; base64 t; base32 t; basenc --base16 t
factor 1234567890; seq -s: 1 2 9; numfmt --to=iec 123456789; expr 7 % 3; expr abc : 'a\(.\)'; printf '%08.3f|%-5s|\n' 3.14159 ab; echo a b | tsort; shuf --random-source=/dev/zero -i 1-5 | wc -l; yes | head -n 2
date -u -d '2024-02-29 + 1 year' +%F; date -u -d @1700000000 --iso-8601=seconds; dircolors -b >/dev/null; pathchk -p 'bad name'; echo $?; seq 5 | tee u | wc -l; ptx -O t | head -n 1; numfmt --from=si 4K
echo '-- files'
mkdir -p d/e; cp t d; ln t d/hard; ln -s t d/soft; mkfifo d/fifo; mknod d/null c 1 3 2>/dev/null; touch -d '2021-03-04 05:06:07' t; chmod 4750 t
ls -ln --time-style=long-iso t | cut -d ' ' -f 1,2,5-; ls -AF d; ls -l /no/such; stat -c '%A %a %h %s %y' t; stat -L -c %F d/soft 2>&1; stat -f -c %l . >/dev/null; echo $?
cp -a d copy; cp -r --preserve=all t t2; stat -c '%a %Y' t2; install -m 700 t i; stat -c '%A' i; mv i d/e; find . 2>/dev/null | head -n 0; du -b t | cut -f 1; readlink -f d/soft | sed 's|.*/||'; realpath --relative-to=d t; link t l2; unlink l2
dd if=t of=dd.out bs=3 count=4 status=none; cat dd.out; echo; truncate -s 1M big; stat -c %s big; head -c 10 big | od -c; cp --sparse=always big big2; cmp big big2; shred -u -n 1 big2; ls big2 2>&1
mktemp -p . tmp.XXXX >/dev/null && ls tmp.* | wc -l; sync t; test t -nt d/t; echo $?; [ -p d/fifo ] && echo fifo; dirname a/b/c; basename a/b.c .c; rm -rf copy; rmdir d 2>&1; ls d
timeout 0.2 sleep 5; echo "timeout $?"; env -i A=1 env; nohup true 2>/dev/null; echo $?; (cat d/fifo & echo through >d/fifo; wait); stdbuf -oL echo line; id -u >/dev/null; true; false; echo $?; tty; test -t 1; echo $?; chmod u=rwx,go= t; stat -c %a t; comm --help | head -n 1
