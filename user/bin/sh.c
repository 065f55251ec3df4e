/* SPDX-License-Identifier: MIT */
/*
 * sh: the shell. sh [-c COMMAND] [SCRIPT ARG...]
 *
 * It reads text until it forms a complete command, parses it into a tree of nodes in an arena, and walks the tree.
 * Known: pipes, redirections (< > >> 2> 2>&1), & && || ; ! ( ) { }, if/while/until/for, quoting, $NAME ${NAME} $? $$ $!
 * $# $1 $@ $(command), * and ? in names, and job control with fg, bg, jobs, ^C and ^Z when it owns a terminal.
 * Not known: functions, case, here-documents, arithmetic, aliases.
 *
 * The arena only grows while a command line runs and is cut back after each simple command, so that loops run in
 * constant space.
 */
#include "user/libc/libc.h"

enum kind { CMD, PIPE, AND, OR, SEQ, BACK, NOT, IF, WHILE, UNTIL, FOR, SUBSHELL, GROUP };

struct redir {
	struct redir *next;
	int fd;
	int flags;		/* of open, or -1 for N>&M */
	const char *word;
};

struct node {
	enum kind kind;
	struct node *a, *b, *c;
	const char **words;	/* CMD: raw words; FOR: name, then raw words */
	int n;
	struct redir *redirs;
};

#define ARENA    (96 * 1024)
#define MAX_ARGS 256
static char arena[ARENA];
static size_t arena_used;

static const char *text;	/* where the parser stands */
static bool incomplete, bad;	/* the text ended too early; it makes no sense */
static char token[1024];	/* the token ahead: an operator, or a raw word */
static enum { T_END, T_NEWLINE, T_OP, T_WORD } token_kind;

static int last_status, last_background, shell_pid;
static int nparams;
static char **params;		/* $0, $1, ... */
static bool interactive, in_child;

static void *take(size_t n)
{
	n = (n + 7) & ~7u;
	if (arena_used + n > ARENA) {
		dprintf(2, "sh: command too long\n");
		_exit(2);
	}
	arena_used += n;
	return memset(arena + arena_used - n, 0, n);
}

static char *keep(const char *s)
{
	return strcpy(take(strlen(s) + 1), s);
}

/* ---- words and operators ---- */

static const char *skip_quoted(const char *p, char quote)
{
	for (p++; *p && *p != quote; p++)
		if (*p == '\\' && quote == '"' && p[1])
			p++;
	if (!*p)
		incomplete = true;
	return *p ? p + 1 : p;
}

static const char *skip_parens(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		if (!depth)
			return p + 1;
	}
	incomplete = true;
	return p;
}

static const char *word_end(const char *p)
{
	while (*p && !strchr(" \t\n;&|<>()", *p)) {
		if (*p == '\'' || *p == '"')
			p = skip_quoted(p, *p);
		else if (*p == '$' && p[1] == '(')
			p = skip_parens(p + 1);
		else if (*p == '\\' && p[1])
			p += 2;
		else
			p++;
	}
	return p;
}

static void next(void)
{
	static const char *const ops[] = { "&&", "||", ">>", ">&", "2>>", "2>&", "2>", ";", "&", "|", "<", ">", "(", ")" };

	while (*text == ' ' || *text == '\t' || (*text == '\\' && text[1] == '\n'))
		text += *text == '\\' ? 2 : 1;
	if (*text == '#')
		while (*text && *text != '\n')
			text++;
	const char *start = text;
	token_kind = T_OP;
	for (size_t i = 0; i < ARRAY_SIZE(ops) && text == start; i++)
		if (!strncmp(text, ops[i], strlen(ops[i])))
			text += strlen(ops[i]);
	if (text == start && !*text) {
		token_kind = T_END;
	} else if (text == start && *text == '\n') {
		token_kind = T_NEWLINE;
		text++;
	} else if (text == start) {
		token_kind = T_WORD;
		text = word_end(text);
	}
	snprintf(token, sizeof(token), "%.*s", (int)(text - start), start);
}

static bool at(const char *s)
{
	return token_kind >= T_OP && !strcmp(token, s);
}

static bool accept(const char *s)
{
	if (!at(s))
		return false;
	next();
	return true;
}

static void skip_newlines(void)
{
	while (token_kind == T_NEWLINE)
		next();
}

static void expect(const char *s)
{
	skip_newlines();
	if (accept(s))
		return;
	if (token_kind == T_END)
		incomplete = true;
	bad = true;
}

/* ---- the tree ---- */

static struct node *parse_list(void);

static struct node *make(enum kind kind, struct node *a, struct node *b)
{
	struct node *n = take(sizeof(*n));

	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

static bool parse_redir(struct node *n)
{
	static const struct {
		char op[4];
		int8_t fd;
		int flags;
	} ops[] = {
		{ "<", 0, O_RDONLY }, { ">", 1, O_WRONLY | O_CREAT | O_TRUNC }, { ">>", 1, O_WRONLY | O_CREAT | O_APPEND },
		{ "2>", 2, O_WRONLY | O_CREAT | O_TRUNC }, { "2>>", 2, O_WRONLY | O_CREAT | O_APPEND },
		{ ">&", 1, -1 }, { "2>&", 2, -1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		if (token_kind != T_OP || !at(ops[i].op))
			continue;
		next();
		struct redir *r = take(sizeof(*r)), **end = &n->redirs;
		r->fd = ops[i].fd;
		r->flags = ops[i].flags;
		r->word = keep(token);
		bad |= token_kind != T_WORD;
		while (*end)
			end = &(*end)->next;
		*end = r;
		next();
		return true;
	}
	return false;
}

static void add_word(struct node *n)
{
	if (!n->words)
		n->words = take(MAX_ARGS * sizeof(char *));
	if (n->n < MAX_ARGS - 1)
		n->words[n->n++] = keep(token);
	next();
}

static struct node *parse_if(void)
{
	struct node *n = make(IF, parse_list(), NULL);

	expect("then");
	n->b = parse_list();
	if (accept("elif")) {
		n->c = parse_if();
		return n;
	}
	if (accept("else"))
		n->c = parse_list();
	expect("fi");
	return n;
}

static struct node *parse_loop(enum kind kind)
{
	struct node *n = make(kind, NULL, NULL);

	if (kind == FOR) {
		add_word(n);
		if (accept("in"))
			while (token_kind == T_WORD)
				add_word(n);
		accept(";");
	} else {
		n->a = parse_list();
	}
	expect("do");
	n->b = parse_list();
	expect("done");
	return n;
}

static struct node *parse_enclosed(enum kind kind, const char *end)
{
	struct node *n = make(kind, parse_list(), NULL);

	expect(end);
	return n;
}

static struct node *parse_command(void)
{
	struct node *n;

	if (accept("if"))
		n = parse_if();
	else if (accept("while"))
		n = parse_loop(WHILE);
	else if (accept("until"))
		n = parse_loop(UNTIL);
	else if (accept("for"))
		n = parse_loop(FOR);
	else if (accept("("))
		n = parse_enclosed(SUBSHELL, ")");
	else if (accept("{"))
		n = parse_enclosed(GROUP, "}");
	else
		n = make(CMD, NULL, NULL);
	for (;;) {
		if (n->kind == CMD && token_kind == T_WORD)
			add_word(n);
		else if (!parse_redir(n))
			break;
	}
	if (n->kind == CMD && !n->n && !n->redirs) {
		bad = true;
		incomplete |= token_kind == T_END;
	}
	return n;
}

static struct node *parse_pipeline(void)
{
	if (accept("!"))
		return make(NOT, parse_pipeline(), NULL);
	struct node *n = parse_command();
	if (!accept("|"))
		return n;
	skip_newlines();
	return make(PIPE, n, parse_pipeline());
}

static struct node *parse_and_or(void)
{
	struct node *n = parse_pipeline();

	while (at("&&") || at("||")) {
		enum kind kind = at("&&") ? AND : OR;
		next();
		skip_newlines();
		n = make(kind, n, parse_pipeline());
	}
	return n;
}

static bool list_ends(void)
{
	static const char *const enders[] = { ")", "}", "then", "else", "elif", "fi", "do", "done" };

	if (token_kind == T_END)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(enders); i++)
		if (at(enders[i]))
			return true;
	return false;
}

static struct node *parse_list(void)
{
	struct node *list = NULL;

	skip_newlines();
	while (!list_ends() && !bad) {
		struct node *n = parse_and_or();
		if (accept("&"))
			n = make(BACK, n, NULL);
		else
			accept(";");
		list = list ? make(SEQ, list, n) : n;
		skip_newlines();
	}
	return list;
}

/* ---- expansion: a raw word becomes arguments ---- */

struct args {
	char *v[MAX_ARGS];
	int n;
	char word[2048];	/* being built */
	int len;
	bool some;		/* the word exists even if empty: it had quotes */
	bool glob;
};

static int run(struct node *n);
static int run_text(const char *s);

static void put(struct args *a, char c)
{
	if (a->len < (int)sizeof(a->word) - 1)
		a->word[a->len++] = c;
	a->some = true;
}

static void add_arg(struct args *a, const char *s)
{
	if (a->n < MAX_ARGS - 1)
		a->v[a->n++] = keep(s);
}

static bool matches(const char *p, const char *s)
{
	for (; *p; p++, s++) {
		if (*p == '*') {
			do {
				if (matches(p + 1, s))
					return true;
			} while (*s++);
			return false;
		}
		if (!*s || (*p != '?' && *p != *s))
			return false;
	}
	return !*s;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* * and ? in the last part of a path; the word stays as it is if nothing matches. */
static void add_matches(struct args *a, char *pattern)
{
	char *slash = strrchr(pattern, '/'), *base = slash ? slash + 1 : pattern, folder[256] = ".", path[512];
	int first = a->n;
	struct linux_dirent64 *e;
	struct dir d;

	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)max(slash - pattern, 1), pattern);
	if (opendir(&d, folder) >= 0) {
		while ((e = readdir(&d))) {
			if ((e->d_name[0] == '.') != (*base == '.') || !matches(base, e->d_name))
				continue;
			snprintf(path, sizeof(path), "%.*s%s", (int)(base - pattern), pattern, e->d_name);
			add_arg(a, path);
		}
		closedir(&d);
	}
	if (a->n == first)
		add_arg(a, pattern);
	sort(a->v + first, a->n - first, sizeof(char *), by_name);
}

static void end_word(struct args *a)
{
	if (a->some) {
		a->word[a->len] = 0;
		if (a->glob)
			add_matches(a, a->word);
		else
			add_arg(a, a->word);
	}
	a->len = 0;
	a->some = a->glob = false;
}

/* Unquoted values are split at blanks. */
static void put_value(struct args *a, const char *s, bool quoted)
{
	for (; s && *s; s++) {
		if (!quoted && (*s == ' ' || *s == '\t' || *s == '\n'))
			end_word(a);
		else
			put(a, *s);
	}
}

static const char *substitute(struct args *a, const char *p, bool quoted)
{
	const char *end = skip_parens(p);
	static char out[4096];
	int fd[2], n = 0, r, status;
	char *cmd = keep(p + 1);

	cmd[end - p - 2] = 0;
	if (pipe(fd) < 0)
		return end;
	int pid = fork();
	if (!pid) {
		in_child = true;
		interactive = false;
		dup2(fd[1], 1);
		close(fd[0]);
		close(fd[1]);
		_exit(run_text(cmd));
	}
	close(fd[1]);
	while ((r = read(fd[0], out + n, sizeof(out) - 1 - n)) > 0)
		n += r;
	close(fd[0]);
	waitpid(pid, &status, 0);
	last_status = WEXITSTATUS(status);
	while (n && out[n - 1] == '\n')
		n--;
	out[n] = 0;
	put_value(a, out, quoted);
	return end;
}

static void put_params(struct args *a, bool quoted)
{
	for (int i = 1; i < nparams; i++) {
		put_value(a, params[i], quoted);
		if (i + 1 < nparams)
			end_word(a);
	}
}

/* p stands behind the $; returns where the word goes on. */
static const char *dollar(struct args *a, const char *p, bool quoted)
{
	char name[64], number[16];
	int n = 0, value;

	if (*p == '(')
		return substitute(a, p, quoted);
	if (*p == '@' || *p == '*') {
		put_params(a, quoted);
		return p + 1;
	}
	if (*p >= '0' && *p <= '9') {
		value = *p - '0';
		put_value(a, value < nparams ? params[value] : "", quoted);
		return p + 1;
	}
	if (*p && strchr("?$!#", *p)) {
		value = *p == '?' ? last_status : *p == '$' ? shell_pid : *p == '!' ? last_background : nparams - 1;
		snprintf(number, sizeof(number), "%d", value);
		put_value(a, number, quoted);
		return p + 1;
	}
	bool brace = *p == '{';
	p += brace;
	while ((*p == '_' || (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z')) && n < 63)
		name[n++] = *p++;
	name[n] = 0;
	if (!n)
		put(a, '$');
	put_value(a, getenv(name), quoted);
	return p + (brace && *p == '}');
}

static void expand(struct args *a, const char *p)
{
	bool quoted = false;

	while (*p) {
		if (*p == '\'' && !quoted) {
			a->some = true;
			for (p++; *p && *p != '\''; p++)
				put(a, *p);
			p += *p == '\'';
		} else if (*p == '"') {
			a->some = true;
			quoted = !quoted;
			p++;
		} else if (*p == '\\' && p[1] && (!quoted || strchr("\"\\$`", p[1]))) {
			put(a, p[1]);
			p += 2;
		} else if (*p == '$') {
			p = dollar(a, p + 1, quoted);
		} else {
			a->glob |= !quoted && (*p == '*' || *p == '?');
			put(a, *p++);
		}
	}
	end_word(a);
}

/* ---- jobs ---- */

#define MAX_JOBS  16
#define MAX_PIPES 16

struct job {
	int pids[MAX_PIPES];
	int n;			/* 0: the slot is free */
	int live;
	int status;		/* of the last process */
	bool stopped;
	bool told;
	char text[80];
};
static struct job jobs[MAX_JOBS];

static struct job *new_job(const char *what)
{
	for (int i = 0; i < MAX_JOBS; i++) {
		if (jobs[i].n)
			continue;
		jobs[i] = (struct job){ 0 };
		strlcpy(jobs[i].text, what, sizeof(jobs[i].text));
		return &jobs[i];
	}
	dprintf(2, "sh: too many jobs\n");
	return NULL;
}

static void note_status(int pid, int status)
{
	for (struct job *j = jobs; j < jobs + MAX_JOBS; j++) {
		for (int i = 0; i < j->n; i++) {
			if (j->pids[i] != pid)
				continue;
			j->stopped = WIFSTOPPED(status);
			if (j->stopped || WIFCONTINUED(status))
				return;
			j->live--;
			if (i == j->n - 1)
				j->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		}
	}
}

/* Tells of background jobs that ended or stopped since the last prompt. */
static void poll_jobs(bool all)
{
	int pid, status;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0)
		note_status(pid, status);
	for (int i = 0; i < MAX_JOBS; i++) {
		struct job *j = &jobs[i];
		if (!j->n || (!all && (j->live > 0) && (!j->stopped || j->told)))
			continue;
		if (interactive)
			printf("[%d] %-8s %s\n", i + 1, !j->live ? "done" : j->stopped ? "stopped" : "running", j->text);
		j->told = true;
		if (!j->live)
			j->n = 0;
	}
}

static int wait_job(struct job *j)
{
	int pid, status;

	if (interactive)
		tcsetpgrp(0, j->pids[0]);
	while (j->live > 0 && !j->stopped) {
		pid = waitpid(-1, &status, interactive ? WUNTRACED : 0);
		if (pid == -EINTR)
			continue;
		if (pid < 0)
			break;
		note_status(pid, status);
	}
	if (interactive)
		tcsetpgrp(0, getpid());
	if (j->stopped) {
		printf("\n[%d] stopped  %s\n", (int)(j - jobs) + 1, j->text);
		j->told = true;
		return 128 + SIGTSTP;
	}
	if (interactive && j->status > 128)
		printf("%s%s\n", j->status == 128 + SIGINT ? "" : signame(j->status - 128),
		       j->status == 128 + SIGINT ? "" : " ended it");
	j->n = 0;
	return j->status;
}

static const int job_signals[] = { SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU };

static void set_job_signals(uint32_t handler)
{
	struct k_sigaction act = { .handler = handler };

	for (size_t i = 0; i < ARRAY_SIZE(job_signals); i++)
		sigaction(job_signals[i], &act, NULL);
}

/* Forks a member of the job; in the child it returns 0 with signals and process group in place. */
static int fork_into(struct job *j, bool foreground)
{
	int pid = fork();

	if (pid < 0) {
		dprintf(2, "sh: fork: %s\n", strerror(-pid));
		return pid;
	}
	int self = pid ? pid : getpid();
	if (interactive) {
		setpgid(self, j->n ? j->pids[0] : self);
		if (foreground && !j->n)
			tcsetpgrp(0, self);
	}
	if (!pid) {
		if (interactive)
			set_job_signals(SIG_DFL);
		interactive = false;
		in_child = true;
		return 0;
	}
	j->pids[j->n++] = pid;
	j->live++;
	return pid;
}

/* ---- builtins ---- */

static int do_test(int n, char **v)
{
	struct stat64 st;

	if (n && !strcmp(v[n - 1], "]"))
		n--;
	if (n && !strcmp(v[0], "!"))
		return !do_test(n - 1, v + 1);
	if (n < 2)
		return !(n && *v[0]);
	if (n == 2) {
		char op = v[0][1];
		if (op == 'z' || op == 'n')
			return (*v[1] != 0) != (op == 'n');
		if (stat64(v[1], &st) < 0)
			return 1;
		return !(op == 'e' || (op == 'f' && S_ISREG(st.st_mode)) || (op == 'd' && S_ISDIR(st.st_mode)) ||
			 (op == 's' && st.st_size > 0) || (op == 'x' && (st.st_mode & 0111)));
	}
	int a = atoi(v[0]), b = atoi(v[2]), same = !strcmp(v[0], v[2]);
	static const char ops[][4] = { "=", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge" };
	const int results[] = { same, !same, a == b, a != b, a < b, a <= b, a > b, a >= b };
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++)
		if (!strcmp(v[1], ops[i]))
			return !results[i];
	return 2;
}

static int do_cd(int n, char **v)
{
	const char *to = n > 1 ? v[1] : getenv("HOME");
	int r = chdir(to ? to : "/");

	if (r < 0)
		dprintf(2, "cd: %s: %s\n", to, strerror(-r));
	return r < 0;
}

static int do_pwd(int n, char **v)
{
	char buf[512];

	(void)n, (void)v;
	int r = getcwd(buf, sizeof(buf));
	puts(r < 0 ? strerror(-r) : buf);
	return r < 0;
}

static int do_exit(int n, char **v)
{
	_exit(n > 1 ? atoi(v[1]) : last_status);
}

static int do_export(int n, char **v)
{
	for (int i = 1; i < n; i++) {
		char *eq = strchr(v[i], '=');
		if (!strcmp(v[0], "unset")) {
			setenv(v[i], NULL);
		} else if (eq) {
			*eq = 0;
			setenv(v[i], eq + 1);
		}
	}
	return 0;
}

static struct job *find_job(int n, char **v)
{
	int i = n > 1 ? atoi(v[1] + (*v[1] == '%')) - 1 : MAX_JOBS - 1;

	while (n < 2 && i > 0 && !jobs[i].n)
		i--;
	if (i >= 0 && i < MAX_JOBS && jobs[i].n)
		return &jobs[i];
	dprintf(2, "%s: no such job\n", v[0]);
	return NULL;
}

static int do_fg(int n, char **v)
{
	struct job *j = find_job(n, v);

	if (!j)
		return 1;
	bool foreground = !strcmp(v[0], "fg");
	if (foreground) {
		puts(j->text);
		tcsetpgrp(0, j->pids[0]);
	}
	j->stopped = j->told = false;
	kill(-j->pids[0], SIGCONT);
	return foreground ? wait_job(j) : 0;
}

static int do_jobs(int n, char **v)
{
	(void)n, (void)v;
	poll_jobs(true);
	return 0;
}

static int do_wait(int n, char **v)
{
	int status = 0;

	for (struct job *j = jobs; j < jobs + MAX_JOBS; j++) {
		if (!j->n || (n > 1 && j->pids[j->n - 1] != atoi(v[1])))
			continue;
		bool tty = interactive;
		interactive = false;
		status = wait_job(j);
		interactive = tty;
	}
	return status;
}

static int do_history(int n, char **v)
{
	(void)n, (void)v;
	for (int i = 0; history(i); i++)
		printf("%3d %s\n", i + 1, history(i));
	return 0;
}

static int do_read(int n, char **v)
{
	char line[512], c;
	int len = 0, r;

	while ((r = read(0, &c, 1)) == 1 && c != '\n')
		if (len < (int)sizeof(line) - 1)
			line[len++] = c;
	line[len] = 0;
	if (n > 1)
		setenv(v[1], line);
	return r != 1;
}

static int do_help(int n, char **v)
{
	(void)n, (void)v;
	printf("Programs (ls /bin shows all):\n"
	       "  ls cat echo ps kill sleep mkdir rm free uname env wc grep hexdump dmesg true false\n"
	       "  gate    the VDSO as a process sees it, and what each way into the kernel costs\n"
	       "  oldld   what an old loader would do with this VDSO\n"
	       "  pvstat  the platform: /proc/pv\n"
	       "  tour    a guided walk through all of it\n"
	       "  poweroff, reboot (Ctrl-A x leaves QEMU at once)\n"
	       "  /tests/NAME  the tests that run inside (ls /tests)\n");
	printf("In the shell: cd pwd exit export unset fg bg jobs wait history read [ exec help\n"
	       "  | < > >> 2> 2>&1 & && || ; ! ( ) { } if while until for $NAME $? $(command) * ?\n"
	       "  arrow keys edit the line and walk the history; ^C interrupts, ^Z stops, ^D leaves.\n");
	return 0;
}

static int do_exec(int n, char **v)
{
	if (n < 2)
		return 0;
	int r = execvp(v[1], v + 1);
	dprintf(2, "sh: %s: %s\n", v[1], strerror(-r));
	_exit(r == -ENOENT ? 127 : 126);
}

static int do_test_builtin(int n, char **v)
{
	return do_test(n - 1, v + 1);
}

static int do_nothing(int n, char **v)
{
	(void)n, (void)v;
	return 0;
}

static const struct {
	const char *name;
	int (*fn)(int n, char **v);
} builtins[] = {
	{ "cd", do_cd }, { "pwd", do_pwd }, { "exit", do_exit }, { "export", do_export }, { "unset", do_export },
	{ "fg", do_fg }, { "bg", do_fg }, { "jobs", do_jobs }, { "wait", do_wait }, { "history", do_history },
	{ "read", do_read }, { "help", do_help }, { "exec", do_exec }, { "[", do_test_builtin },
	{ "test", do_test_builtin }, { ":", do_nothing },
};

/* ---- running the tree ---- */

static bool redirect(struct redir *r)
{
	for (; r; r = r->next) {
		struct args a = { .n = 0 };
		expand(&a, r->word);
		const char *name = a.n == 1 ? a.v[0] : "";
		int fd = r->flags == -1 ? atoi(name) : open(name, r->flags, 0666);
		int got = fd < 0 ? fd : dup2(fd, r->fd);
		if (got < 0) {
			dprintf(2, "sh: %s: %s\n", name, strerror(-got));
			return false;
		}
		if (r->flags != -1 && fd != r->fd)
			close(fd);
	}
	return true;
}

static int run_kind(struct node *n);

/* Runs a builtin, or without one the compound command itself, with redirections that are undone afterwards. */
static int with_redirs(struct node *n, int (*fn)(int, char **), int argc, char **argv)
{
	int saved[3] = { -1, -1, -1 };

	for (struct redir *r = n->redirs; r; r = r->next)
		if (saved[r->fd] < 0)
			saved[r->fd] = fcntl(r->fd, F_DUPFD_CLOEXEC, 10);
	int status = 1;
	if (redirect(n->redirs))
		status = fn ? fn(argc, argv) : run_kind(n);
	for (int i = 0; i < 3; i++) {
		if (saved[i] < 0)
			continue;
		dup2(saved[i], i);
		close(saved[i]);
	}
	return status;
}

/* NAME=VALUE words in front of a command: set for it (or for good when there is no command). */
static int assignments(struct node *n)
{
	int i = 0;

	for (; i < n->n; i++) {
		const char *w = n->words[i], *eq = strchr(w, '=');
		if (!eq || eq == w || strchr("0123456789", *w) || word_end(w) < eq)
			break;
		for (const char *p = w; p < eq; p++)
			if (!(*p == '_' || (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z')))
				return i;
		struct args a = { .n = 0 };
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)(eq - w), w);
		bool quoted = true;
		for (const char *p = eq + 1; quoted && *p; p++)
			quoted = *p != '\'' && *p != '"';
		if (quoted)
			for (const char *p = eq + 1; *p;)
				if (*p == '$')
					p = dollar(&a, p + 1, true);
				else
					put(&a, *p++);
		else
			expand(&a, eq + 1);
		end_word(&a);
		setenv(name, a.n ? a.v[0] : "");
	}
	return i;
}

static int run_command(struct node *n)
{
	int first = assignments(n);
	struct args *mine = take(sizeof(*mine));
	for (int i = first; i < n->n; i++)
		expand(mine, n->words[i]);
	if (!mine->n)
		return with_redirs(n, do_nothing, 0, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(builtins); i++)
		if (!strcmp(mine->v[0], builtins[i].name))
			return with_redirs(n, builtins[i].fn, mine->n, mine->v);
	struct job *j = new_job(mine->v[0]);
	if (!j)
		return 1;
	for (int i = 1; i < mine->n; i++) {
		strlcat(j->text, " ", sizeof(j->text));
		strlcat(j->text, mine->v[i], sizeof(j->text));
	}
	int pid = fork_into(j, true);
	if (pid < 0)
		return 1;
	if (pid)
		return wait_job(j);
	if (!redirect(n->redirs))
		_exit(1);
	int r = execvp(mine->v[0], mine->v);
	dprintf(2, "sh: %s: %s\n", mine->v[0], r == -ENOENT ? "not found" : strerror(-r));
	_exit(r == -ENOENT ? 127 : 126);
}

static const char *first_word(struct node *n)
{
	while (n && n->kind != CMD)
		n = n->a;
	return n && n->n ? n->words[0] : "(...)";
}

static int run_pipe(struct node *n)
{
	struct job *j = new_job(first_word(n));
	int in = -1, fd[2] = { -1, -1 };

	for (; j && n; n = n->kind == PIPE ? n->b : NULL) {
		bool last = n->kind != PIPE;
		if (j->n == MAX_PIPES || (!last && pipe2(fd, O_CLOEXEC) < 0))
			return 1;
		int pid = fork_into(j, true);
		if (pid < 0)
			return 1;
		if (!pid) {
			if (in >= 0)
				dup2(in, 0);
			if (!last)
				dup2(fd[1], 1);
			close(in);
			close(fd[0]);
			close(fd[1]);
			_exit(run(last ? n : n->a));
		}
		if (in >= 0)
			close(in);
		if (!last)
			close(fd[1]);
		in = fd[0];
	}
	return j ? wait_job(j) : 1;
}

static int run_background(struct node *n)
{
	struct job *j = new_job(first_word(n->a));

	if (!j)
		return 1;
	int pid = fork_into(j, false);
	if (!pid) {
		if (!isatty(0) || !in_child)
			dup2(open("/dev/null", O_RDONLY), 0);
		_exit(run(n->a));
	}
	last_background = pid;
	if (interactive)
		printf("[%d] %d\n", (int)(j - jobs) + 1, pid);
	return pid < 0;
}

static int run_subshell(struct node *n)
{
	struct job *j = new_job("(...)");
	int pid = j ? fork_into(j, true) : -1;

	if (!pid)
		_exit(redirect(n->redirs) ? run(n->a) : 1);
	return pid < 0 ? 1 : wait_job(j);
}

static int run_while(struct node *n)
{
	int status = 0;

	while ((run(n->a) == 0) == (n->kind == WHILE)) {
		status = run(n->b);
		if (status == 128 + SIGINT)
			break;
	}
	return status;
}

static int run_for(struct node *n)
{
	struct args *a = take(sizeof(*a));
	int status = 0;

	for (int i = 1; i < n->n; i++)
		expand(a, n->words[i]);
	for (int i = 0; i < a->n && status != 128 + SIGINT; i++) {
		setenv(n->words[0], a->v[i]);
		status = run(n->b);
	}
	return status;
}

static int run_kind(struct node *n)
{
	switch (n->kind) {
	case CMD:      return run_command(n);
	case PIPE:     return run_pipe(n);
	case AND:      return run(n->a) ? last_status : run(n->b);
	case OR:       return run(n->a) ? run(n->b) : last_status;
	case SEQ:      run(n->a); return run(n->b);
	case BACK:     return run_background(n);
	case NOT:      return !run(n->a);
	case IF:       return run(n->a) == 0 ? run(n->b) : n->c ? run(n->c) : 0;
	case WHILE:
	case UNTIL:    return run_while(n);
	case FOR:      return run_for(n);
	case SUBSHELL: return run_subshell(n);
	case GROUP:    return run(n->a);
	}
	return 1;
}

static int run(struct node *n)
{
	size_t mark = arena_used;

	if (n && n->redirs && n->kind != CMD && n->kind != SUBSHELL)
		last_status = with_redirs(n, NULL, 0, NULL);
	else if (n)
		last_status = run_kind(n);
	arena_used = mark;
	return last_status;
}

/* ---- input ---- */

static struct node *parse_text(const char *s)
{
	text = s;
	incomplete = bad = false;
	next();
	struct node *n = parse_list();
	if (token_kind != T_END)
		bad = true;
	return n;
}

static int run_text(const char *s)
{
	size_t mark = arena_used;
	struct node *n = parse_text(s);

	if (bad || incomplete) {
		dprintf(2, "sh: syntax error near \"%s\"\n", token_kind == T_END ? "end" : token);
		last_status = 2;
	} else {
		run(n);
	}
	arena_used = mark;
	return last_status;
}

/* The next line, edited or plain; false at the end. An interrupted line empties what was gathered before it. */
static bool get_line(struct reader *r, const char *prompt, char *all, size_t size)
{
	size_t n = strlen(all);

	if (interactive) {
		int got = edit_line(prompt, all + n, size - n - 1);
		if (got == -EINTR)
			all[0] = 0;
		else if (got < 0)
			return false;
	} else if (reader_line(r, all + n, size - n - 1) < 0) {
		return false;
	}
	strlcat(all, "\n", size);
	return true;
}

static void run_input(int fd)
{
	static char all[8192];
	char cwd[256], prompt[280];
	struct reader r;

	reader_init(&r, fd);
	for (;;) {
		all[0] = 0;
		if (interactive)
			poll_jobs(false);
		snprintf(prompt, sizeof(prompt), "%s $ ", getcwd(cwd, sizeof(cwd)) > 0 ? cwd : "?");
		bool more = get_line(&r, prompt, all, sizeof(all));
		if (!more)
			return;
		while (parse_text(all), arena_used = 0, incomplete && more)
			more = get_line(&r, "> ", all, sizeof(all));
		run_text(all);
	}
}

int main(int argc, char **argv)
{
	shell_pid = getpid();
	nparams = argc;
	params = argv;
	if (!getenv("PATH"))
		setenv("PATH", "/bin:/tests");
	if (argc > 2 && !strcmp(argv[1], "-c")) {
		nparams = argc - 2;
		params = argv + 2;
		return run_text(argv[2]);
	}
	int fd = 0;
	if (argc > 1) {
		fd = open(argv[1], O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			fail("%s: %s", argv[1], strerror(-fd));
		nparams--;
		params++;
	} else if (isatty(0)) {
		interactive = true;
		setpgid(0, 0);
		set_job_signals(SIG_IGN);
		tcsetpgrp(0, getpid());
	}
	run_input(fd);
	return last_status;
}
