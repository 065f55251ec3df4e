; SPDX-License-Identifier: MIT
;
; Moving and filling memory. The compiler calls these three by name whenever it sees fit.
;
; regparm(3): eax = to, edx = from or byte, ecx = n; the result, to, stays in eax. Words first, the odd bytes after.

                section .text
                global  memcpy, memmove, memset

                align   16
memcpy:         push    edi
                push    esi
                mov     edi, eax
                mov     esi, edx
                mov     edx, ecx
                shr     ecx, 2
                rep     movsd
                mov     ecx, edx
                and     ecx, 3
                rep     movsb
                pop     esi
                pop     edi
                ret

                align   16
memmove:        push    edx
                sub     edx, eax                ; from - to, as an unsigned number below n only if a
                neg     edx                     ; forward copy would overwrite what is still to be read
                cmp     edx, ecx
                pop     edx
                jae     memcpy
                push    edi
                push    esi
                lea     edi, [eax + ecx - 1]
                lea     esi, [edx + ecx - 1]
                std
                rep     movsb
                cld
                pop     esi
                pop     edi
                ret

                align   16
memset:         push    edi
                push    eax
                mov     edi, eax
                movzx   eax, dl
                imul    eax, 0x01010101
                mov     edx, ecx
                shr     ecx, 2
                rep     stosd
                mov     ecx, edx
                and     ecx, 3
                rep     stosb
                pop     eax
                pop     edi
                ret

                section .note.GNU-stack noalloc noexec nowrite progbits
