; SPDX-License-Identifier: MIT
;
; See probe.h.

%include "arch/x86/fixup.inc"
%include "offsets.inc"

                section .text
                global  probe_read, probe_write, probe_gs_read

probe_read:
.access:        mov     eax, [eax]
                mov     [edx], eax
                xor     eax, eax
                ret
.refused:       mov     eax, -EFAULT
                ret
                FIXUP   .access, .refused

probe_write:
.access:        mov     [eax], edx
                xor     eax, eax
                ret
.refused:       mov     eax, -EFAULT
                ret
                FIXUP   .access, .refused

probe_gs_read:  push    gs
                mov     gs, eax
                mov     eax, [gs:edx]
                pop     gs
                ret

                section .note.GNU-stack noalloc noexec nowrite progbits
