; SPDX-License-Identifier: MIT
;
; The only instructions, besides those that move FPU state and read the sixth argument of
; SYSENTER, by which the kernel touches user memory.
;
; Ranges have been checked by mm/uaccess.c, which describes them, but for the two copies: their usual
; ranges, below USER_END, are checked here. Each opens the SMAP window
; around its accesses and has entries in the exception table. Copies go by words, because an
; emulator may count, and a processor without fast strings may execute, each step of a rep as an
; instruction. Calling convention: eax, edx, ecx, then the stack; 0 or -EFAULT in eax unless
; stated otherwise.

%include "arch/x86/fixup.inc"
%include "pv/sites.inc"

		extern	user_readable
		global	copy_from_user, copy_to_user, user_clear, user_string, user_get32, user_put32

		section	.text

; eax = to, edx = from, which is the user's, ecx = bytes
		align	16
copy_from_user:	push	edi
		push	esi
		mov	edi, eax
		mov	esi, edx
		add	edx, ecx
		jc	.above
		cmp	edx, USER_END
		jbe	copy_to_user.checked
.above:		push	ecx
		mov	eax, esi
		call	user_readable		; the compat gate?
		pop	ecx
		cmp	ecx, eax
		jbe	copy_to_user.checked
		jmp	copy_to_user.refuse

; eax = to, which is the user's, edx = from, ecx = bytes
		align	16
copy_to_user:	push	edi
		push	esi
		mov	edi, eax
		mov	esi, edx
		add	eax, ecx
		jc	.refuse
		cmp	eax, USER_END
		ja	.refuse
.checked:	mov	edx, ecx
		shr	ecx, 2
		and	edx, 3
		PV_CALL	cpu, user_access_begin
.words:		rep	movsd
		mov	ecx, edx
.bytes:		rep	movsb
		PV_CALL	cpu, user_access_end
		xor	eax, eax
		pop	esi
		pop	edi
		ret
.fault:		PV_CALL	cpu, user_access_end
.refuse:	mov	eax, -EFAULT
		pop	esi
		pop	edi
		ret
		FIXUP	.words, .fault
		FIXUP	.bytes, .fault

; eax = user address, edx = bytes
		align	16
user_clear:	push	edi
		mov	edi, eax
		mov	ecx, edx
		shr	ecx, 2
		and	edx, 3
		xor	eax, eax
		PV_CALL	cpu, user_access_begin
.words:		rep	stosd
		mov	ecx, edx
.bytes:		rep	stosb
		PV_CALL	cpu, user_access_end
		pop	edi
		ret
.fault:		PV_CALL	cpu, user_access_end
		mov	eax, -EFAULT
		pop	edi
		ret
		FIXUP	.words, .fault
		FIXUP	.bytes, .fault

; eax = to, edx = from, ecx = most bytes: the length without the NUL, ecx if there is none, or
; -EFAULT. By words as long as whole words are allowed; one that reaches into a page that isn't
; there goes on by bytes. A word holds a zero byte if (w - 0x01010101) & ~w & 0x80808080, whose
; lowest bit shows the first.
		align	16
user_string:	push	esi
		push	edi
		push	edx
		mov	esi, edx
		mov	edi, eax
		sub	edi, edx
		PV_CALL	cpu, user_access_begin
		sub	ecx, 4
		jb	.rest
.word:		mov	eax, [esi]
		mov	[esi + edi], eax
		lea	edx, [eax - 0x01010101]
		not	eax
		and	edx, eax
		and	edx, 0x80808080
		jnz	.found
		add	esi, 4
		sub	ecx, 4
		jae	.word
.rest:		add	ecx, 4
		jz	.end
.byte:		mov	al, [esi]
		mov	[esi + edi], al
		test	al, al
		jz	.end
		inc	esi
		dec	ecx
		jnz	.byte
		jmp	.end
.found:		bsf	edx, edx
		shr	edx, 3
		add	esi, edx
.end:		PV_CALL	cpu, user_access_end
		pop	edx
		mov	eax, esi
		sub	eax, edx
.return:	pop	edi
		pop	esi
		ret
.fault:		PV_CALL	cpu, user_access_end
		pop	edx
		mov	eax, -EFAULT
		jmp	.return
		FIXUP	.word, .rest
		FIXUP	.byte, .fault

; eax = to, edx = user address
		align	16
user_get32:	PV_CALL	cpu, user_access_begin
.get:		mov	ecx, [edx]
		PV_CALL	cpu, user_access_end
		mov	[eax], ecx
		xor	eax, eax
		ret
.fault:		PV_CALL	cpu, user_access_end
		mov	eax, -EFAULT
		ret
		FIXUP	.get, .fault

; eax = user address, edx = value
		align	16
user_put32:	PV_CALL	cpu, user_access_begin
.put:		mov	[eax], edx
		PV_CALL	cpu, user_access_end
		xor	eax, eax
		ret
		FIXUP	.put, user_get32.fault

		section	.note.GNU-stack noalloc noexec nowrite progbits
