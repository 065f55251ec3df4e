; SPDX-License-Identifier: MIT
;
; The kernel's port instructions, all of them. See io.h.

                section .text
                global  io_in8, io_out8, io_out16

io_in8:         mov     edx, eax
                in      al, dx
                movzx   eax, al
                ret

io_out8:        xchg    eax, edx                ; dx = port, al = value
                out     dx, al
                ret

io_out16:       xchg    eax, edx
                out     dx, ax
                ret

                section .note.GNU-stack noalloc noexec nowrite progbits
