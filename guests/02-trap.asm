; SPDX-License-Identifier: MIT
;
; 02-trap: exceptions at ring 1 come to the guest's own gates with the right frame; the few instructions that the host stands in for.
; Still linear mode; interrupts stay off.

%include "guests/guest.inc"

                guest   "02-trap", "faults come back through the guest's gates"

                trying  "LOAD_IDT_ENTRY of vectors 0 to 19", "2, 7.4"
                call    load_gates

                trying  "ud2 with an interrupt gate: no error code", "7.3"
                mov     [saved_esp], esp
                resumes ud2_here: ud2
                check   "vector", [trap + frame.vector], 6
                check   "eip", [trap + frame.eip], ud2_here
                check   "cs pushed", [trap + frame.cs], LGUEST_KERNEL_CS
                check   "cs of the handler", [trap + frame.handler_cs], LGUEST_KERNEL_CS
                check   "ss of the handler", [trap + frame.handler_ss], LGUEST_KERNEL_DS
                check_bits "eflags pushed: IF as irq_enabled was", [trap + frame.eflags], IF, 0
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], 0
                mov     eax, [saved_esp]
                sub     eax, 12 + 8 + 32
                check   "three words on the stack that was interrupted", [trap + frame.at], eax
                mov     eax, esp
                check   "esp after iret", eax, [saved_esp]

                trying  "ud2 with irq_enabled 0x200: the frame has IF, the handler has not", "7.3"
                mov     dword [data + DATA_irq_enabled], IF
                resumes ud2
                check   "irq_enabled after iret", [data + DATA_irq_enabled], IF
                mov     dword [data + DATA_irq_enabled], 0
                check_bits "eflags pushed: IF", [trap + frame.eflags], IF, IF
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], 0

                trying  "the registers in a handler", "7.3"
                mov     eax, 0xA1A1A1A1
                mov     ecx, 0xC1C1C1C1
                mov     edx, 0xD1D1D1D1
                mov     ebx, 0xB1B1B1B1
                mov     ebp, 0xB2B2B2B2
                mov     esi, 0x51515151
                mov     edi, 0xD2D2D2D2
                resumes ud2
                check   "eax after iret", eax, 0xA1A1A1A1
                check   "eax", [trap + frame.eax], 0xA1A1A1A1
                check   "ecx", [trap + frame.ecx], 0xC1C1C1C1
                check   "edx", [trap + frame.edx], 0xD1D1D1D1
                check   "ebx", [trap + frame.ebx], 0xB1B1B1B1
                check   "ebp", [trap + frame.ebp], 0xB2B2B2B2
                check   "esi", [trap + frame.esi], 0x51515151
                check   "edi", [trap + frame.edi], 0xD2D2D2D2

                trying  "division by zero", "7.3"
                xor     ecx, ecx
                faults  0, 0, div ecx

                trying  "int3 with a gate of DPL 0: #GP of gate 3, because DPL is kept", "7.4"
                faults  13, 3 * 8 + 2, int3

                trying  "int3 with a gate of DPL 3: eip is that of the next instruction", "7.3, 7.8"
                gate    3, GATE_INTERRUPT | GATE_DPL3
                resumes int3_here: int3
                check   "vector", [trap + frame.vector], 3
                check   "eip", [trap + frame.eip], int3_here + 1

                trying  "int3 with a trap gate: direct or not, irq_enabled stays", "7.3, 7.5"
                gate    3, GATE_TRAP | GATE_DPL3
                mov     dword [data + DATA_irq_enabled], IF
                resumes int3
                mov     dword [data + DATA_irq_enabled], 0
                check   "vector", [trap + frame.vector], 3
                check   "irq_enabled in the handler", [trap + frame.irq_enabled], IF
                check_bits "eflags pushed: IF", [trap + frame.eflags], IF, IF
                check   "cs of the handler", [trap + frame.handler_cs], LGUEST_KERNEL_CS

                trying  "a selector beyond the table: #GP with the selector", "7.3"
                mov     ecx, 0x7F8
                faults  13, 0x7F8, mov es, ecx

                trying  "mov from cr0, lidt, hlt, sti: #GP, not emulated", "7.7, 7.8, 8"
                faults  13, 0, mov eax, cr0
                faults  13, 0, lidt [no_table]
                faults  13, 0, hlt
                faults  13, 0, sti

                trying  "cli: skipped, and interrupts are not off by it", "7.7, 8"
                mov     dword [data + DATA_irq_enabled], IF
                cli
                check   "irq_enabled", [data + DATA_irq_enabled], IF
                mov     dword [data + DATA_irq_enabled], 0

                trying  "popf without IF, pushf: IF is 1 whatever is done", "7.7"
                push    dword 0x2
                popf
                pushf
                pop     eax
                and     eax, IF
                check   "IF", eax, IF

                trying  "in: all ones; out: nothing", "8"
                mov     eax, 0x12345678
                in      al, 0x60
                check   "in al, 0x60", eax, 0x123456FF
                mov     eax, 0x12345678
                mov     edx, 0x1F7
                in      ax, dx
                check   "in ax, dx", eax, 0x1234FFFF
                mov     eax, 0x12345678
                in      eax, dx
                check   "in eax, dx", eax, 0xFFFFFFFF
                mov     eax, 0x12345678
                out     0x80, al
                out     dx, eax
                check   "eax after out", eax, 0x12345678

                trying  "rdtsc: allowed", "8"
                rdtsc

                trying  "a trap on the way of a trap's return: the stack is even", "7.3, 7.6"
                mov     [saved_esp], esp
                mov     edi, 1000
.again:         resumes ud2
                dec     edi
                jnz     .again
                mov     eax, esp
                check   "esp after 1000 traps", eax, [saved_esp]
                done

                section .rodata
no_table:       dw      0
                dd      0
                section .bss
saved_esp:      resd    1
