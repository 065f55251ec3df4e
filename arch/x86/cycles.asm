; SPDX-License-Identifier: MIT
;
; See cycles.h.

                section .text
                global  hardware_random

hardware_random:
                rdrand  edx
                setc    cl                      ; carry: the word is good
                mov     [eax], edx
                movzx   eax, cl
                ret

                section .note.GNU-stack noalloc noexec nowrite progbits
