; SPDX-License-Identifier: MIT
;
; Signal frames in user memory, to and from struct regs: see sigcontext.h.
;
; Two blocks have the same order in struct regs and struct sigcontext and go as a whole: edi to eax, whose esp is not the right one on
; either side and is moved apart, and eip to ss. Each access to user memory is a USER line, which has its entry in the exception table; what it finds
; at .fault is: edi, esi, ebx on the stack, in this order from the top.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

		global	sigcontext_save, sigframe_save, sigcontext_restore, sigframe_restore

%macro USER 1+
%%at:		%1
		FIXUP	%%at, fault
%endmacro

; ENTER: edi, esi, ebx saved, the SMAP window open.
%macro ENTER_USER 0
		push	ebx
		push	esi
		push	edi
		PV_CALL	cpu, user_access_begin
%endmacro

		section	.text

; eax = user frame, edx = values, ecx = task
		align	16
sigframe_save:	ENTER_USER
		mov	ebx, [edx + FRAMEV_pretcode]
		USER	mov [eax + SIGFRAME_pretcode], ebx
		mov	ebx, [edx + FRAMEV_sig]
		USER	mov [eax + SIGFRAME_sig], ebx
		mov	ebx, [edx + FRAMEV_extramask]
		USER	mov [eax + SIGFRAME_extramask], ebx
		add	eax, SIGFRAME_sc
		jmp	save

sigcontext_save:
		ENTER_USER
save:		mov	ebx, [edx + FRAMEV_fpstate]
		USER	mov [eax + SC_FPSTATE], ebx
		mov	ebx, [edx + FRAMEV_oldmask]
		USER	mov [eax + SC_OLDMASK], ebx
		mov	edx, ecx
		mov	ebx, [edx + TASK_trapno]
		USER	mov [eax + SC_TRAPNO], ebx
		mov	ebx, [edx + TASK_error]
		USER	mov [eax + SC_ERR], ebx
		mov	ebx, [edx + TASK_cr2]
		USER	mov [eax + SC_CR2], ebx
		mov	ebx, gs
		USER	mov [eax + SC_GS], ebx
		mov	ebx, fs
		USER	mov [eax + SC_FS], ebx
		mov	esi, [edx + TASK_stack]
		add	esi, USER_REGS
		mov	edx, esi
		movzx	ebx, word [edx + REGS_es]
		USER	mov [eax + SC_ES], ebx
		movzx	ebx, word [edx + REGS_ds]
		USER	mov [eax + SC_DS], ebx
		lea	edi, [eax + SC_EDI]
		mov	ecx, 8
		USER	rep movsd
		mov	ecx, [edx + REGS_esp]
		USER	mov [eax + SC_ESP], ecx
		lea	esi, [edx + REGS_eip]
		lea	edi, [eax + SC_EIP]
		mov	ecx, 5
		USER	rep movsd
		xor	eax, eax
leave:		PV_CALL	cpu, user_access_end
		pop	edi
		pop	esi
		pop	ebx
		ret

fault:		mov	eax, -EFAULT
		jmp	leave

; eax = regs, edx = user frame, ecx = values
		align	16
sigframe_restore:
		ENTER_USER
		USER	mov ebx, [edx + SIGFRAME_extramask]
		mov	[ecx + FRAMEV_extramask], ebx
		add	edx, SIGFRAME_sc
		jmp	restore

sigcontext_restore:
		ENTER_USER
restore:	mov	ebx, ecx
		mov	edi, eax
		lea	esi, [edx + SC_EDI]
		mov	ecx, 8
		USER	rep movsd
		USER	mov ecx, [edx + SC_ESP]
		mov	[eax + REGS_esp], ecx
		USER	mov ecx, [edx + SC_EIP]
		mov	[eax + REGS_eip], ecx
		USER	mov ecx, [edx + SC_EFLAGS]
		mov	[ebx + FRAMEV_eflags], ecx
		USER	mov ecx, [edx + SC_FPSTATE]
		mov	[ebx + FRAMEV_fpstate], ecx
		USER	mov ecx, [edx + SC_OLDMASK]
		mov	[ebx + FRAMEV_oldmask], ecx
		mov	ecx, gs
		USER	cmp [edx + SC_GS], cx
		jne	.differ
		mov	ecx, fs
		USER	cmp [edx + SC_FS], cx
		jne	.differ
		mov	ecx, [eax + REGS_es]
		USER	cmp [edx + SC_ES], cx
		jne	.differ
		mov	ecx, [eax + REGS_ds]
		USER	cmp [edx + SC_DS], cx
		jne	.differ
		mov	ecx, [eax + REGS_cs]
		USER	cmp [edx + SC_CS], cx
		jne	.differ
		mov	ecx, [eax + REGS_ss]
		USER	cmp [edx + SC_SS], cx
		jne	.differ
		xor	eax, eax
		jmp	leave
.differ:	mov	eax, 1
		jmp	leave

		section	.note.GNU-stack noalloc noexec nowrite progbits
