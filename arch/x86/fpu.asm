; SPDX-License-Identifier: MIT
;
; Moving FPU state: between the registers and the task's area, and between the registers and user
; memory for signal frames.
;
; No instruction here waits for a pending x87 exception: FINIT comes before FRSTOR, which would;
; FXSAVE, FXRSTOR, FNSAVE don't. Faults on user memory, and of FXRSTOR over an image with reserved
; bits, go on at .fault by the exception table.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

		extern	cpu_has_fxsr, cpu_has_sse
		global	fpu_save, fpu_restore, fpu_frame_save, fpu_frame_restore, fpu_frame_restore_x87
		global	fpu_x87_status, fpu_mxcsr

		section	.text
		align	16
fpu_save:	cmp	byte [cpu_has_fxsr], 0
		je	.old
		fxsave	[eax]
		ret
.old:		fnsave	[eax]
		ret

		align	16
fpu_restore:	cmp	byte [cpu_has_fxsr], 0
		je	.old
		fxrstor	[eax]
		ret
.old:		fninit
		frstor	[eax]
		ret

; eax = struct fpstate, in the user half: 0 or -EFAULT. Status and magic share a word: magic is 0
; with the FXSAVE part, else 0xffff.
		align	16
fpu_frame_save:	xor	edx, edx
		PV_CALL	cpu, user_access_begin
		cmp	byte [cpu_has_fxsr], dl
		je	.old
.fxsave:	fxsave	[eax + FPSTATE_FSAVE_SIZE]
.fnsave:	fnsave	[eax]
.status:	mov	cx, [eax + FPSTATE_sw]
		mov	dx, cx
.magic:		mov	[eax + FPSTATE_status], edx
		PV_CALL	cpu, user_access_end
		xor	eax, eax
		cmp	byte [cpu_has_sse], al
		je	.done
.sse:		ldmxcsr	[mxcsr_default]
.done:		ret
.old:		mov	edx, 0xFFFF0000
		jmp	.fnsave
.fault:		PV_CALL	cpu, user_access_end
		mov	eax, -EFAULT
		ret
		FIXUP	.fxsave, .fault
		FIXUP	.fnsave, .fault
		FIXUP	.status, .fault
		FIXUP	.sse, .fault
		FIXUP	.magic, .fault

; The same back, if there is an FXSAVE part that the processor takes: 0, or -EFAULT for whatever
; else.
		align	16
fpu_frame_restore:
		PV_CALL	cpu, user_access_begin
.magic:		cmp	word [eax + FPSTATE_status + 2], 0
		jne	.fault
.fxrstor:	fxrstor	[eax + FPSTATE_FSAVE_SIZE]
		fninit
.frstor:	frstor	[eax]
		PV_CALL	cpu, user_access_end
		xor	eax, eax
		ret
.fault:		PV_CALL	cpu, user_access_end
		mov	eax, -EFAULT
		ret
		FIXUP	.magic, .fault
		FIXUP	.fxrstor, .fault
		FIXUP	.frstor, .fault

fpu_frame_restore_x87:
		PV_CALL	cpu, user_access_begin
		fninit
.frstor:	frstor	[eax]
		PV_CALL	cpu, user_access_end
		xor	eax, eax
		ret
.fault:		PV_CALL	cpu, user_access_end
		mov	eax, -EFAULT
		ret
		FIXUP	.frstor, .fault

fpu_x87_status:	push	eax
		fnstcw	[esp]
		fnstsw	[esp + 2]
		pop	eax
		ret

fpu_mxcsr:	push	eax
		stmxcsr	[esp]
		pop	eax
		ret

		section	.rodata
		align	4
mxcsr_default:	dd	0x1F80

		section	.note.GNU-stack noalloc noexec nowrite progbits
