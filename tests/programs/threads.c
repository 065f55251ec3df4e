/* SPDX-License-Identifier: MIT */
/* POSIX threads: creation and joining, mutexes, condition variables, thread-local storage, cancellation, time limits. */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include "show.h"

enum { THREADS = 16, ROUNDS = 2000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER, recursive;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t sem;
static int counter, turn, destroyed, hits;
static __thread int own = 5;
static __thread char big[3000];

static void only_once(void)
{
	printf("once\n");
}

static void destroy(void *p)
{
	__atomic_add_fetch(&destroyed, (int)(intptr_t)p, __ATOMIC_SEQ_CST);
}

static void *count(void *arg)
{
	int n = (int)(intptr_t)arg;

	pthread_once(&once, only_once);
	pthread_setspecific(key, (void *)(intptr_t)n);
	own += n;
	memset(big, n, sizeof(big));
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
	}
	pthread_barrier_wait(&barrier);
	return (void *)(intptr_t)(own * 1000 + big[2999]);
}

static void many(void)
{
	pthread_t t[THREADS];
	void *result;
	long sum = 0;

	pthread_key_create(&key, destroy);
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, count, (void *)(intptr_t)(i + 1)))
			printf("create failed\n");
	for (int i = 0; i < THREADS; i++) {
		pthread_join(t[i], &result);
		sum += (long)(intptr_t)result;
	}
	printf("counter %d sum %ld destroyed %d own %d\n", counter, sum, destroyed, own);
}

/* Two threads by turns: every hand-over sleeps and wakes. */
static void *ping(void *arg)
{
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 300; i++) {
		pthread_mutex_lock(&mutex);
		while (turn % 2 != me)
			pthread_cond_wait(&cond, &mutex);
		turn++;
		pthread_cond_broadcast(&cond);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void *forever(void *arg)
{
	(void)arg;
	for (;;)
		sleep(100);
	return NULL;
}

static void *reader(void *arg)
{
	pthread_rwlock_rdlock(&rwlock);
	sem_post(&sem);
	pthread_rwlock_unlock(&rwlock);
	return arg;
}

static void on_signal(int sig)
{
	hits += sig == SIGUSR1;
}

static struct timespec soon(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += 20000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void limits(void)
{
	struct timespec t = soon(CLOCK_REALTIME);

	pthread_mutex_lock(&mutex);
	printf("cond %s\n", error_name(pthread_cond_timedwait(&cond, &mutex, &t)));
	t = soon(CLOCK_REALTIME);
	printf("mutex %s\n", error_name(pthread_mutex_timedlock(&mutex, &t)));
	printf("try %s\n", error_name(pthread_mutex_trylock(&mutex)));
	pthread_mutex_unlock(&mutex);
	t = soon(CLOCK_REALTIME);
	SHOW(sem_timedwait(&sem, &t));
}

int main(void)
{
	pthread_t a, b;
	pthread_attr_t attr;
	pthread_mutexattr_t ma;
	void *result;

	many();
	pthread_create(&a, NULL, ping, (void *)0);
	pthread_create(&b, NULL, ping, (void *)1);
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	printf("turns %d\n", turn);
	sem_init(&sem, 0, 0);
	limits();
	pthread_mutexattr_init(&ma);
	pthread_mutexattr_settype(&ma, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&recursive, &ma);
	printf("recursive %d %d\n", pthread_mutex_lock(&recursive), pthread_mutex_lock(&recursive));
	pthread_create(&a, NULL, reader, (void *)9);
	sem_wait(&sem);
	pthread_join(a, &result);
	printf("reader %d\n", (int)(intptr_t)result);
	signal(SIGUSR1, on_signal);
	pthread_create(&a, NULL, forever, NULL);
	pthread_kill(a, SIGUSR1);
	while (!__atomic_load_n(&hits, __ATOMIC_SEQ_CST))
		usleep(1000);
	printf("kill reached it\n");
	pthread_cancel(a);
	pthread_join(a, &result);
	printf("cancelled %d\n", result == PTHREAD_CANCELED);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, 65536);
	pthread_create(&a, &attr, reader, NULL);
	sem_wait(&sem);
	for (int i = 0; i < 200; i++) {
		pthread_create(&a, NULL, reader, (void *)(intptr_t)i);
		pthread_join(a, &result);
	}
	printf("last of 200: %d\n", (int)(intptr_t)result);
	return 0;
}
