; SPDX-License-Identifier: MIT
;
; System calls with all registers under control: see probe.h, whose struct probe_regs the offsets follow.
;
; State is kept in memory, since no register is free; hence one call at a time.

		global	probe_call, probe_sysenter

		section	.bss.probe nobits alloc noexec write align=4
entry:		resd	1
regs:		resd	1
stack:		resd	1
result:		resd	1

		section	.text.probe_call progbits alloc exec nowrite align=16
probe_call:	push	ebx
		push	esi
		push	edi
		push	ebp
		mov	eax, [esp + 20]
		mov	[entry], eax
		mov	eax, [esp + 24]
		mov	[regs], eax
		mov	[stack], esp
		push	dword [eax + 28]
		popfd
		mov	ebx, [eax + 4]
		mov	ecx, [eax + 8]
		mov	edx, [eax + 12]
		mov	esi, [eax + 16]
		mov	edi, [eax + 20]
		mov	ebp, [eax + 24]
		mov	eax, [eax]
		call	[entry]
		mov	[result], eax
		mov	eax, [regs]
		pushfd
		pop	dword [eax + 28]
		push	dword 0x202
		popfd
		mov	[eax + 4], ebx
		mov	[eax + 8], ecx
		mov	[eax + 12], edx
		mov	[eax + 16], esi
		mov	[eax + 20], edi
		mov	[eax + 24], ebp
		mov	ebx, [result]
		mov	[eax], ebx
		mov	ebx, esp
		sub	ebx, [stack]
		mov	[eax + 32], ebx
		mov	esp, [stack]
		pop	ebp
		pop	edi
		pop	esi
		pop	ebx
		ret

		section	.text.probe_sysenter progbits alloc exec nowrite align=16
probe_sysenter:	mov	eax, [esp + 4]
		mov	ebp, [esp + 8]
		sysenter
		hlt

		section	.note.GNU-stack noalloc noexec nowrite progbits
