; SPDX-License-Identifier: MIT
;
; The ways into the kernel and out of it: exceptions, interrupts, int 0x80, SYSENTER.
;
; Each way leaves the same frame, struct regs (arch/x86/regs.h), on the kernel stack of the
; current task. What differs is who pushes what:
;
;	offset	word		int 0x80	SYSENTER	exception	interrupt	lguest: reflected	lguest: direct int 0x80
;	+60	ss		CPU		entry: USER_DS	CPU *		CPU *		host *			CPU
;	+56	esp		CPU		entry: ebp	CPU *		CPU *		host *			CPU
;	+52	eflags		CPU		entry, IF set	CPU		CPU		host: virtual IF	CPU: IF = 1, as it must be
;	+48	cs		CPU		entry: USER_CS	CPU		CPU		host			CPU
;	+44	eip		CPU		entry: landing	CPU		CPU		host			CPU
;	+40	orig_eax	entry: number	entry: number	error code or 0, then -1; interrupts -1
;	+36	ds		entry
;	+32	es		entry
;	+28	eax ... edi +0	pusha; SYSENTER: ebp is the sixth argument, read from [ebp]
;				* from ring 3 only: otherwise the interrupted stack goes on here
;
; Invariants. A frame from ring 3 ends KSTACK_RESERVED bytes below the stack's top, so the task is
; at [frame + FRAME_TASK]. C code runs with flat ds and es, DF, NT, TF and AC clear; fs and gs
; stay the user's. All gates but int 0x80 are interrupt gates, so that the platform's virtual
; interrupt flag is off when C begins; int 0x80 is the one trap gate, which is why a hypervisor
; may send it here directly; and so is that of vector 1, which then sees no TF. Whatever is
; privileged is a call site of the table. Gates clear TF and NT, but a hypervisor that reflects an
; exception may not have. TF traps once, behind the entry's first instruction, and is gone
; (step_into_kernel); NT is cleared by CLEAN_FLAGS, and by int 0x80, which has no time for that,
; when iret refuses it (kernel_exception).
;
; There is no virtual-8086 mode here, but an emulator may let ring 3 enter it: QEMU's IRET takes VM from the stack at any
; level (Intel SDM volume 2, IRET: only at CPL 0). Such a frame has four words more, so every entry looks for it.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

		extern	exception, page_fault, mm_fault_quick, bad_return, irq_dispatch, task_work, syscall_table, sys_ni_syscall
		global	int80_entry, int80_or_sysenter, gate_entries
		global	sysenter_entry, sysenter_stepped, sysenter_argument, iret_fault, return_again
		global	task_start_user, task_start_kernel, page_fault_entry, exception_common, irq_common	; the last three: for tools/profile

FLAGS_HIGH_VM	equ	2			; VM in the third byte of eflags
FAULT_WRITE	equ	2			; error code of a page fault
FAULT_USER	equ	4
SYSEXIT_FLAGS	equ	0xAD7			; what SYSEXIT may lose or sets anyway: OF SF ZF AF PF CF, IF, bit 1
RING3		equ	2			; this bit of cs is set in ring 3, but not in 0 and 1

%macro SAVE_REGISTERS 0
		push	ds
		push	es
		pusha
%endmacro

; A full frame of virtual-8086 mode goes no further.
%macro NO_VIRTUAL_8086 0
		test	byte [esp + REGS_eflags + 2], FLAGS_HIGH_VM
		jnz	virtual_8086
%endmacro

; The flags that the interrupted code could set to trouble us. IF: off already natively, and no
; matter for this ring elsewhere.
%macro CLEAN_FLAGS 0
		push	dword EFLAGS_FIXED
		popfd
%endmacro

; KERNEL_SEGMENTS REGISTER: the register is lost.
%macro KERNEL_SEGMENTS 1
		mov	%1, USER_DS
		mov	ds, %1
		mov	es, %1
%endmacro

; eax = number, ebx, ecx, edx, esi, edi = arguments, the sixth in the frame. Before the call
; proper interrupts are enabled if the parameter is 1. Leaves the result in the frame.
%macro SYSTEM_CALL 1
		cmp	eax, SYSCALL_MAX
		jae	%%unknown
		push	dword [esp + REGS_ebp]
		push	edi
		push	esi
		mov	ebp, [syscall_table + eax * 4]
%%known:
%if %1
		PV_CALL	irq, enable
%endif
		mov	eax, ebx
		xchg	edx, ecx
		call	ebp
		add	esp, 12
		mov	[esp + REGS_eax], eax
		[section .text.unlikely progbits alloc exec nowrite align=16]
%%unknown:	sub	esp, 12			; it looks at no argument
		mov	ebp, sys_ni_syscall
		jmp	%%known
		__SECT__
%endmacro

		section	.text.unlikely progbits alloc exec nowrite align=16
		section	.text

; ---- int 0x80 ----

		align	16
int80_entry:	push	eax
		SAVE_REGISTERS
		NO_VIRTUAL_8086
		KERNEL_SEGMENTS ebp
		cld
		PV_CALL	cpu, user_access_end	; the user's AC
		SYSTEM_CALL 0

; ---- back to ring 3 ----

; esp = frame from ring 3. The last look at work and the way out are one piece without interrupts.
user_return:	PV_CALL	irq, disable
		mov	ecx, [esp + FRAME_TASK]
		cmp	dword [ecx + TASK_work], 0
		jne	work
restore:	popa
pop_es:		pop	es
pop_ds:		pop	ds
		add	esp, 4
iret_site:	PV_JUMP	cpu, iret_user

; Signals, preemption: task_work returns without interrupts when nothing is left to do.
work:		PV_CALL	irq, enable
		mov	eax, esp
		call	task_work
		jmp	restore

; A selector that can't be loaded (any more) becomes null.
null_selector_es:
		mov	dword [esp], 0
		jmp	pop_es
null_selector_ds:
		mov	dword [esp], 0
		jmp	pop_ds
		FIXUP	pop_es, null_selector_es
		FIXUP	pop_ds, null_selector_ds

; The frame that iret refused is still there, the registers are the user's: make a full frame of
; it again, and a signal.
iret_fault:	push	dword -1
		SAVE_REGISTERS
bad_frame:	KERNEL_SEGMENTS edx
		CLEAN_FLAGS
		mov	eax, esp
		call	bad_return
		jmp	user_return
		FIXUP	iret_site, iret_fault

; The segment registers that lie above the frame are dropped; what then stands where a frame belongs is rubbish of the user's,
; all of which the ways out and bad_return take, but for the flags.
virtual_8086:	add	esp, 16
		mov	dword [esp + REGS_eflags], EFLAGS_FIXED | EFLAGS_IF
		mov	dword [esp + REGS_orig_eax], -1
		jmp	bad_frame

; Jumped to by an iret hook that can't let an interrupt wait until the next entry: the same, but it
; is only looked for work once more.
return_again:	push	dword -1
		SAVE_REGISTERS
		KERNEL_SEGMENTS edx
		PV_CALL	irq, enable
		jmp	user_return

; ---- SYSENTER ----

; Comes with cs, ss, eip, esp from the MSRs, interrupts off, everything else as the user left it,
; TF included. The user's esp is in ebp, where the sixth argument lies, and the way back is the
; task's landing pad; a task without one (0) gets its call and then faults at address 0 in ring 3.
; A trap by TF hits the first instruction: the handler goes on at sysenter_stepped, so that the
; frame gets TF back.
		align	16
sysenter_entry:	push	dword USER_DS
		push	ebp
		pushfd
		or	dword [esp], EFLAGS_IF
.flags_saved:	push	dword USER_CS
		mov	ebp, [esp + FRAME_TASK - REGS_cs]
		push	dword [ebp + TASK_landing_pad]
.framed:	push	eax
		push	ds
		push	es
		KERNEL_SEGMENTS ebp
		CLEAN_FLAGS
		mov	ebp, [esp + REGS_esp - REGS_es]
		cmp	ebp, USER_END - 4
		ja	sysenter_bad_stack
		PV_CALL	cpu, user_access_begin
sysenter_argument:
		mov	ebp, [ebp]
		PV_CALL	cpu, user_access_end
		pusha
		SYSTEM_CALL 1

; SYSEXIT takes eip from edx and esp from ecx and sets no flags: good only for a call that goes
; back where it came from, with plain flags.
sysenter_return:
		PV_CALL	irq, disable
		mov	ecx, [esp + FRAME_TASK]
		cmp	dword [ecx + TASK_work], 0
		jne	work
		mov	edx, [esp + REGS_eip]
		cmp	edx, [ecx + TASK_landing_pad]
		jne	restore
		test	dword [esp + REGS_eflags], ~SYSEXIT_FLAGS
		jnz	restore
		popa
sysexit_es:	pop	es
sysexit_ds:	pop	ds
		mov	edx, [esp + 4]
		mov	ecx, [esp + 16]
		PV_JUMP	cpu, sysexit

; The gate of int 0x80 where SYSENTER may come by it: with a frame of int 0x80, but for its eip, which is 0.
		align	16
int80_or_sysenter:
		cmp	dword [esp], 0
		jne	int80_entry
		mov	ebp, [esp + FRAME_TASK - REGS_eip]
		mov	ebp, [ebp + TASK_landing_pad]
		mov	[esp], ebp
		jmp	sysenter_entry.framed

sysenter_stepped:
		push	dword USER_DS
		push	ebp
		pushfd
		or	dword [esp], EFLAGS_IF | EFLAGS_TF
		jmp	sysenter_entry.flags_saved

; A sixth argument that can't be read: the call fails, whatever it is.
sysenter_bad_argument:
		PV_CALL	cpu, user_access_end
		mov	ebp, [esp + REGS_esp - REGS_es]
sysenter_bad_stack:
		pusha
		mov	dword [esp + REGS_eax], -EFAULT
		PV_CALL	irq, enable
		jmp	sysenter_return
		FIXUP	sysenter_argument, sysenter_bad_argument

null_sysexit_es:
		mov	dword [esp], 0
		jmp	sysexit_es
null_sysexit_ds:
		mov	dword [esp], 0
		jmp	sysexit_ds
		FIXUP	sysexit_es, null_sysexit_es
		FIXUP	sysexit_ds, null_sysexit_ds

; ---- exceptions ----

; The faulting address must be read before anything can fault again. The short way is for what
; counts: a write from ring 3 to a page that only has to be found. ebx = address, esi = the error
; code's complement.
		align	16
page_fault_entry:
		SAVE_REGISTERS
		NO_VIRTUAL_8086
		KERNEL_SEGMENTS edx
		CLEAN_FLAGS
		PV_CALL	cpu, read_cr2
		mov	ebx, eax
		mov	esi, [esp + REGS_orig_eax]
		mov	dword [esp + REGS_orig_eax], -1
		not	esi
		test	esi, FAULT_WRITE | FAULT_USER
		jnz	.other
		PV_CALL	irq, enable
		mov	eax, [esp + FRAME_TASK]
		mov	eax, [eax + TASK_mm]
		mov	edx, ebx
		call	mm_fault_quick
		test	al, al
		jnz	user_return
.other:		mov	eax, esp
		mov	edx, ebx
		mov	ecx, esi
		not	ecx
		call	page_fault
trap_return:	test	byte [esp + REGS_cs], RING3
		jnz	user_return
		popa
		pop	es
		pop	ds
		add	esp, 4
		PV_JUMP	cpu, iret

; ebx = vector
exception_common:
		NO_VIRTUAL_8086
		KERNEL_SEGMENTS edx
		CLEAN_FLAGS
		mov	edx, [esp + REGS_orig_eax]
		mov	dword [esp + REGS_orig_eax], -1
		mov	ecx, ebx
		mov	eax, esp
		call	exception
		jmp	trap_return

; EXCEPTION VECTOR, PUSHES AN ERROR CODE
%macro EXCEPTION 2
exception_%1:
%if %2 = 0
		push	dword 0
%endif
		SAVE_REGISTERS
		mov	ebx, %1
		jmp	exception_common
%endmacro

exception_14	equ	page_fault_entry
%assign vector 0
%rep 32
%if vector != 14
		EXCEPTION vector, (TRAPS_WITH_ERROR >> vector & 1)
%endif
%assign vector vector + 1
%endrep

; ---- interrupts ----

%macro INTERRUPT 1
irq_%1:		push	dword %1
		jmp	irq_common
%endmacro

%assign line 0
%rep 16
		INTERRUPT line
%assign line line + 1
%endrep

irq_common:	SAVE_REGISTERS
		KERNEL_SEGMENTS edx
		CLEAN_FLAGS
		mov	eax, [esp + REGS_orig_eax]
		mov	dword [esp + REGS_orig_eax], -1
		call	irq_dispatch		; acknowledges, so it comes first; it has no use for the frame
		NO_VIRTUAL_8086
		jmp	trap_return

; ---- first steps of a task (task_switch.c), interrupts off ----

task_start_kernel:				; ebx = function
		PV_CALL	irq, enable
		xor	ebp, ebp
		call	ebx
task_start_user:
		jmp	user_return

; ---- where the gates go ----

		section	.rodata
		align	4
%macro EXCEPTION_ADDRESS 1
		dd	exception_%1
%endmacro
%macro INTERRUPT_ADDRESS 1
		dd	irq_%1
%endmacro

gate_entries:
%assign vector 0
%rep 32
		EXCEPTION_ADDRESS vector
%assign vector vector + 1
%endrep
%assign line 0
%rep 16
		INTERRUPT_ADDRESS line
%assign line line + 1
%endrep

		section	.note.GNU-stack noalloc noexec nowrite progbits
