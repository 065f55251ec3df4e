/* SPDX-License-Identifier: MIT */
/*
 * x87 and SSE: setting the processor up, fresh states, signal frames, exception codes. See fpu.h;
 * the moves themselves are in fpu.asm.
 *
 * A signal frame is written by the processor's own instructions straight to user memory: FXSAVE
 * for the second part of struct fpstate, then FNSAVE for the first, which also leaves the x87
 * fresh for the handler. On the way back FXRSTOR, then FRSTOR. If the user spoiled the image
 * (reserved MXCSR bits, alignment), the state goes through the task's own area, where it is
 * mended.
 */
#include "arch/x86/fpu.h"
#include "abi/errno.h"
#include "arch/x86/cpu.h"
#include "kernel/lib.h"
#include "kernel/task.h"
#include "mm/page.h"
#include "mm/uaccess.h"

#define CR0_MP		(1u << 1)	/* WAIT obeys TS */
#define CR0_EM		(1u << 2)
#define CR0_TS		(1u << 3)
#define CR0_NE		(1u << 5)	/* errors as exception 16 */
#define CR4_OSFXSR	(1u << 9)
#define CR4_OSXMMEXCPT	(1u << 10)

#define FCW_DEFAULT	0x37Fu
#define MXCSR_DEFAULT	0x1F80u
#define MXCSR_MASK	0xFFBFu		/* of processors that show 0 as their mask */
#define FX_MXCSR	24		/* offsets in the FXSAVE area */
#define FX_MXCSR_MASK	28

/* fpu.asm: without range checks; 0 or -EFAULT */
int fpu_frame_save(void *user);
int fpu_frame_restore(const void *user);
int fpu_frame_restore_x87(const void *user);
uint32_t fpu_x87_status(void);		/* control word, status word << 16 */
uint32_t fpu_mxcsr(void);

bool cpu_has_fxsr;
bool cpu_has_sse;	/* fpu.asm */
static struct fpu_state idle_state;	/* so that context_switch need not look whether there is one */
static uint32_t mxcsr_mask = MXCSR_MASK;

static uint32_t *word(struct fpu_state *state, unsigned offset) { return (uint32_t *)(state->area + offset); }

void fpu_reset(struct fpu_state *to)
{
	memset(to, 0, sizeof(*to));
	if (cpu_has_fxsr) {
		*word(to, 0) = FCW_DEFAULT;
		*word(to, FX_MXCSR) = MXCSR_DEFAULT;
	} else {
		*word(to, 0) = 0xFFFF0000 | FCW_DEFAULT;
		*word(to, 4) = 0xFFFF0000;
		*word(to, 8) = 0xFFFFFFFF;		/* all registers empty */
	}
}

void fpu_init_cpu(void)
{
	struct fpu_state state;
	struct fpstate frame __attribute__((aligned(16)));
	uint32_t cr4 = pv_read_cr4();

	idle_task.fpu = &idle_state;
	pv_write_cr0((pv_read_cr0() & ~(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
	pv_fpu_ts(0);
	cpu_has_fxsr = cpu_has(CPU_FXSR);
	cpu_has_sse = cpu_has_fxsr && cpu_has(CPU_SSE);
	if (cpu_has_fxsr)
		pv_write_cr4(cr4 | CR4_OSFXSR | (cpu_has_sse ? CR4_OSXMMEXCPT : 0));
	fpu_reset(&state);
	fpu_restore(&state);
	if (!cpu_has_sse)
		return;
	if (fpu_frame_save(&frame))
		refuse("fpu: CPUID has SSE, but CR4.OSFXSR is not set, which is the host's");
	fpu_save(&state);
	if (*word(&state, FX_MXCSR_MASK))
		mxcsr_mask = *word(&state, FX_MXCSR_MASK);
}

/* User-supplied state: clears reserved MXCSR bits, so that fpu_restore can't fault. */
static void fpu_sanitise(struct fpu_state *state)
{
	if (cpu_has_fxsr)
		*word(state, FX_MXCSR) &= mxcsr_mask;
}

/* ---- signal frames ---- */

static bool in_user_half(const void *user)
{
	uint32_t size = cpu_has_fxsr ? sizeof(struct fpstate) : FPSTATE_FSAVE_SIZE;

	return (uint32_t)user <= USER_END - size;
}

int fpu_to_frame(void *user) { return in_user_half(user) ? fpu_frame_save(user) : -EFAULT; }

/* An image that the processor did not like, or without the second part. */
static int from_odd_frame(const void *user)
{
	struct fpu_state *own = current->fpu;
	uint16_t magic[2];

	fpu_reset(own);
	if (cpu_has_fxsr) {
		if (get_user_u32((uint32_t *)magic, (const char *)user + offsetof(struct fpstate, status)))
			return -EFAULT;
		if (magic[1] == FPSTATE_MAGIC_FXSR && copy_from_user(own, (const char *)user + FPSTATE_FSAVE_SIZE, sizeof(*own)))
			return -EFAULT;
		fpu_sanitise(own);
		fpu_restore(own);
	}
	return fpu_frame_restore_x87(user);
}

int fpu_from_frame(const void *user)
{
	if (!in_user_half(user))
		return -EFAULT;
	return cpu_has_fxsr && !fpu_frame_restore(user) ? 0 : from_odd_frame(user);
}

/* ---- exceptions ---- */

/* The flags of an exception: Intel SDM volume 1, sections 8.1.3 and 10.2.3. */
int fpu_exception_code(bool simd)
{
	uint32_t status = simd ? fpu_mxcsr() : fpu_x87_status();
	uint32_t pending = simd ? status & ~(status >> 7) : status >> 16 & ~status;

	return pending & 0x01 ? FPE_FLTINV : pending & 0x04 ? FPE_FLTDIV : pending & 0x08 ? FPE_FLTOVF :
	       pending & 0x12 ? FPE_FLTUND : pending & 0x20 ? FPE_FLTRES : 0;
}
