; SPDX-License-Identifier: MIT
;
; Accesses that may fault: see touch.h. Each notes esp, so that the handler can return to the caller from wherever
; the fault was.

		global	peek, poke, enter, touch_failed, touch_esp

		section	.bss.touch nobits alloc noexec write align=4
touch_esp:	resd	1

		section	.text.touch progbits alloc exec nowrite align=16
peek:		mov	[touch_esp], esp
		mov	eax, [esp + 4]
		movzx	eax, byte [eax]
		jmp	done
poke:		mov	[touch_esp], esp
		mov	ecx, [esp + 4]
		mov	eax, [esp + 8]
		mov	[ecx], al
		xor	eax, eax
done:		mov	dword [touch_esp], 0
		ret
enter:		mov	[touch_esp], esp
		call	[esp + 4]
		jmp	done
touch_failed:	mov	eax, -1
		jmp	done

		section	.note.GNU-stack noalloc noexec nowrite progbits
