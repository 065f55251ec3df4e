; SPDX-License-Identifier: MIT
;
; The context switch, and loading segments that may not be loadable.
;
; A task that does not run has its user's gs and fs, its callee-saved registers and the address where
; it goes on at kernel_esp: gs, fs, edi, esi, ebx, ebp, eip (struct switch_frame in task_switch.c). The kernel's half of
; all address spaces is the same, so the next one is loaded while still on the old stack. mm =
; NULL (idle, or ending) means: whatever is loaded stays. Every task has an FPU area, the idle
; task a spare one. The GDT always holds the TLS descriptors of the current task, so loading can
; be left out when neither task has ever had any. fs and gs are ring 3's; they are null while the TLS
; descriptors change, because a platform may look at them, and a selector that the processor
; refuses becomes null.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

		extern	mm_activate, cpu_has_fxsr
		global	context_switch, load_user_segments

		section	.text

; eax = prev, edx = next; interrupts off
		align	16
context_switch:	push	ebp
		push	ebx
		push	esi
		push	edi
		push	fs
		push	gs
		mov	esi, eax
		mov	edi, edx
		mov	eax, [esi + TASK_fpu]
		cmp	byte [cpu_has_fxsr], 0
		je	.old_save
		fxsave	[eax]

.load:		PV_CALL	cpu, lazy_enter
		mov	eax, [edi + TASK_mm]
		test	eax, eax
		jz	.tls
		call	mm_activate
.tls:		mov	eax, [esi + TASK_tls_used]
		or	eax, [edi + TASK_tls_used]
		jnz	.load_tls
.stack:		mov	eax, [edi + TASK_stack]
		add	eax, KSTACK_SIZE - KSTACK_RESERVED
		PV_CALL	cpu, set_kernel_stack
		PV_CALL	cpu, lazy_leave
		mov	[esi + TASK_kernel_esp], esp
		mov	esp, [edi + TASK_kernel_esp]

		mov	ecx, [edi + TASK_fpu]
		cmp	byte [cpu_has_fxsr], 0
		je	.old_restore
		fxrstor	[ecx]
.gs:		pop	gs
.fs:		pop	fs
		pop	edi
		pop	esi
		pop	ebx
		pop	ebp
		ret

.old_save:	fnsave	[eax]
		jmp	.load
.load_tls:	xor	eax, eax
		mov	fs, eax
		mov	gs, eax
		lea	eax, [edi + TASK_tls]
		PV_CALL	cpu, load_tls
		jmp	.stack
.old_restore:	frstor	[ecx]			; fnsave has cleared what it could wait for
		jmp	.gs
.null_gs:	mov	dword [esp], 0
		jmp	.gs
.null_fs:	mov	dword [esp], 0
		jmp	.fs
		FIXUP	.gs, .null_gs
		FIXUP	.fs, .null_fs

; eax = fs, edx = gs
		align	16
load_user_segments:
.fs:		mov	fs, eax
.gs:		mov	gs, edx
		ret
.null_fs:	xor	eax, eax
		jmp	.fs
.null_gs:	xor	edx, edx
		jmp	.gs
		FIXUP	.fs, .null_fs
		FIXUP	.gs, .null_gs

		section	.note.GNU-stack noalloc noexec nowrite progbits
