; SPDX-License-Identifier: MIT
;
; The switcher: one page of code, linked and mapped at SWITCHER_TEXT in the shim's tables and in every shadow table.
;
; In: switcher_run takes the guest's descriptor tables and page tables, and pops its registers from the end of the register page.
; Out: every gate of the guest's IDT that is not the guest's own leads to a stub below; the processor has changed to the end of the register page.
;
;	offset in the page	what				who pushes it
;	0xFFC  ss		the guest's			processor
;	0xFF8  esp
;	0xFF4  eflags
;	0xFF0  cs
;	0xFEC  eip
;	0xFE8  error		error code or 0			processor or stub
;	0xFE4  vector						stub
;	0xFD4  gs fs ds es	(upwards)			leave
;	0xFB8  eax ... ebp	(upwards)			leave
;
; A fault inside the switcher (a selector that can't be loaded, an iret that is refused) comes from ring 0, so the processor changes no stack: the
; frame lies lower, and what it reports is the vector plus VECTOR_SWITCHER. A debug trap in ring 0 goes back at once, and so does an
; NMI, but for one: see nmi. Since an NMI may come behind any instruction here, esp is in the register page, which is in both worlds,
; whenever cr3 changes.

%include "shim/offsets.inc"

REGS_BLOCK	equ	SWITCHER_REGS + 4096 - REGS_SIZE

		global	switcher_run, switcher_stubs, switcher_sysenter, switcher_page

		section	.switcher progbits alloc exec nowrite align=4096
switcher_page:

; ---- in: eax = cr3 ----

switcher_run:	push	ebx
		push	esi
		push	edi
		push	ebp
		mov	[SWITCHER_STATE + STATE_host_esp], esp
		lgdt	[SWITCHER_STATE + STATE_gdt_pointer]
		lidt	[SWITCHER_STATE + STATE_idt_pointer]
		mov	esp, REGS_BLOCK
		mov	cr3, eax
		pop	eax
		pop	ebx
		pop	ecx
		pop	edx
		pop	esi
		pop	edi
		pop	ebp
		pop	gs
		pop	fs
		pop	ds
		pop	es
		add	esp, 8			; vector, error
		iret

; ---- out ----

; SYSENTER comes without a frame: eip and esp are lost, the MSR gave us the end of the register page.
switcher_sysenter:
		push	dword 0			; ss
		push	dword 0			; esp
		pushfd
.flags_saved:	push	dword 3			; cs: from ring 3
		push	dword 0			; eip
		push	dword 0
		push	dword VECTOR_SYSENTER
		push	dword 2			; no gate has cleared NT
		popfd
leave:		cld
		push	es
		push	ds
		push	fs
		push	gs
		push	ebp
		push	edi
		push	esi
		push	edx
		push	ecx
		push	ebx
		push	eax
		mov	eax, HOST_DS
		mov	ds, eax
		mov	es, eax
		cmp	esp, REGS_BLOCK
		jne	.elsewhere
.out:		mov	eax, [SWITCHER_STATE + STATE_host_cr3]
		mov	cr3, eax
		mov	esp, [SWITCHER_STATE + STATE_host_esp]
		lgdt	[host_gdt_pointer]
		lidt	[host_idt_pointer]
		pop	ebp
		pop	edi
		pop	esi
		pop	ebx
		ret

.elsewhere:	mov	eax, [esp + REGS_vector]
		test	dword [esp + REGS_eflags], EFLAGS_VM
		jnz	virtual_8086
		or	eax, VECTOR_SWITCHER
		mov	[REGS_BLOCK + REGS_vector], eax
		jmp	.out

; An emulator may let the guest enter virtual-8086 mode (QEMU: by an IRET of any ring), whose frame has four words more. The guest gets a
; protection fault of ring 3 at address 0 instead: its own kernel must never see registers of a ring that they don't belong to. An
; interrupt of the machine or an NMI stays one; whoever goes on after it gets a fault then.
virtual_8086:	cmp	eax, VECTOR_NMI
		je	.frame
		cmp	eax, VECTOR_IRQ
		jb	.fault
		cmp	eax, VECTOR_IRQ_END
		jb	.frame
.fault:		mov	eax, VECTOR_PROTECTION
.frame:		mov	esp, SWITCHER_REGS + 4096
		push	dword USER_DS		; ss
		push	dword 0			; esp
		push	dword EFLAGS_IF
		push	dword USER_CS
		push	dword 0			; eip
		push	dword 0
		push	eax
		jmp	leave

; The same, when the user's TF, which SYSENTER brings along, was taken from it before the first instruction.
sysenter_stepped:
		push	dword 0
		push	dword 0
		pushfd
		or	dword [esp], EFLAGS_TF
		jmp	switcher_sysenter.flags_saved

debug_trap:	cmp	word [esp + 4], HOST_CS
		jne	.guest
		and	dword [esp + 8], ~EFLAGS_TF
		cmp	dword [esp], switcher_sysenter
		jne	.back
		mov	dword [esp], sysenter_stepped
.back:		iret
.guest:		push	dword 0
		push	dword 1
		jmp	leave

; The watchdog (shim/pic.c): each interrupt of the machine comes as an NMI, too, and first. With IF set it goes back, and the interrupt itself comes next. In ring
; 0 IF is off by right. A guest that has it off holds the machine, and is left for good. The stack is that of any gate to ring 0 (a task gate
; would write the read-only GDT and TSS): from a guest the end of the register page, from the switcher wherever esp is. cs alone
; would not do: in virtual-8086 mode it can be any number. The processor keeps further NMIs back up to an iret.
nmi:		test	dword [esp + 8], EFLAGS_IF
		jnz	.back
		test	dword [esp + 8], EFLAGS_VM
		jnz	.held
		cmp	word [esp + 4], HOST_CS
		jne	.held
.back:		iret
.held:		push	dword 0
		push	dword VECTOR_NMI
		jmp	leave

; ---- the stubs ----

; Exceptions that push an error code: Intel SDM volume 3, table 6-1.
%define ERROR_CODES	(1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)

; STUB VECTOR
%macro STUB 1
stub%1:
%if %1 == 1
		jmp	debug_trap
%elif %1 == 2
		jmp	nmi
%else
%if %1 >= 32 || !(ERROR_CODES >> %1 & 1)
		push	byte 0
%endif
		push	byte %1
		jmp	leave
%endif
%endmacro

%assign vector 0
%rep 48
		STUB	vector
%assign vector vector + 1
%endrep
stub128:	push	byte 0
		push	dword 128
		jmp	leave

		section	.rodata
		align	4
; No stub: not present.
switcher_stubs:
%assign vector 0
%rep 48
		dd	stub %+ vector
%assign vector vector + 1
%endrep
		times	80 dd 0
		dd	stub128
		times	127 dd 0

		extern	host_gdt_pointer, host_idt_pointer

		section .note.GNU-stack noalloc noexec nowrite progbits
