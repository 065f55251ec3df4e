; SPDX-License-Identifier: MIT
;
; 09-tls-fpu: what a task carries with it: three TLS descriptors and the FPU, which TS lets a kernel switch late.

%include "guests/guest.inc"

GS_OF_TLS       equ     LGUEST_TLS * 8 | 3      ; 0x33
ABSENT          equ     20 * 8                  ; a selector

%macro          user_reads_gs 1                 ; the word at gs:0 is expected to be this
                user    user_gs
                check   "vector", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "what ring 3 reads at gs:0", [trap + frame.eax], %1
%endmacro

                guest   "09-tls-fpu", "TLS descriptors and the FPU"
                call    enter_user
                gate    LGUEST_SYSCALL_VECTOR, GATE_TRAP | GATE_DPL3
                mov     dword [FRAMES + 0x800], 0x11111111
                mov     dword [FRAMES + 0x900], 0x22222222

                trying  "LOAD_TLS of a segment, gs at ring 3", "2, 5"
                hcall   LHCALL_LOAD_TLS, tls_one, 0
                user_reads_gs 0x11111111

                trying  "lar of the three entries at ring 3", "5"
                user    user_lar
                check_bits "entry 6: present, DPL 3, writable, accessed", [trap + frame.ecx], 0xFF00, 0xF300
                check   "entry 7 is there", [trap + frame.eax], 0
                check   "entry 8 is there", [trap + frame.edx], 1

                trying  "gs in the traps of ring 3: it stays", "7.3"
                user    user_set_gs
                mov     eax, gs
                check   "gs in the handler of a trap gate", eax, GS_OF_TLS
                gate    LGUEST_SYSCALL_VECTOR, GATE_INTERRUPT | GATE_DPL3
                user    user_set_gs
                mov     eax, gs
                check   "gs in the handler of an interrupt gate", eax, GS_OF_TLS
                gate    LGUEST_SYSCALL_VECTOR, GATE_TRAP | GATE_DPL3

                trying  "another base by LOAD_TLS, gs null meanwhile", "2, 5"
                xor     eax, eax
                mov     gs, eax
                hcall   LHCALL_LOAD_TLS, tls_two, 0
                user_reads_gs 0x22222222

                trying  "LOAD_TLS in the ring", "2.1"
                xor     eax, eax
                mov     gs, eax
                mov     dword [data + DATA_hcalls], LHCALL_LOAD_TLS
                mov     dword [data + DATA_hcalls + 4], tls_one
                mov     byte [data + DATA_hcall_status], LGUEST_SLOT_READY
                hcall   LHCALL_FLUSH_ASYNC
                user_reads_gs 0x11111111

                trying  "gs of an entry that LOAD_TLS has emptied: #GP or #NP at ring 3", "5"
                xor     eax, eax
                mov     gs, eax
                hcall   LHCALL_LOAD_TLS, tls_none, 0
                user    user_gs
                mov     eax, [trap + frame.vector]
                cmp     eax, 11
                je      .not_present
                check   "vector", eax, 13
.not_present:   check   "error code", [trap + frame.error], LGUEST_TLS * 8

                trying  "LOAD_GDT_ENTRY of segments that are not present: #NP, for the stack #SS", "5"
                hcall   LHCALL_LOAD_GDT_ENTRY, ABSENT / 8, 0xFFFF, 0x00CF3200
                mov     eax, ABSENT | 1
                faults  11, ABSENT, mov es, eax
                faults  12, ABSENT, mov ss, eax

                trying  "the FPU with TS 0", "2, 8"
                hcall   LHCALL_TS, 0
                fninit
                fldpi
                fistp   dword [word_now]
                check   "pi as an integer", [word_now], 3

                trying  "an SSE instruction, where CPUID has them: the host has set CR4.OSFXSR", "8"
                mov     eax, 1
                cpuid
                test    edx, 1 << 25
                jz      .no_sse
                resumes ldmxcsr [mxcsr]
                check   "vector (-1: none)", [trap + frame.vector], -1
.no_sse:

                trying  "a value in the FPU over 100 hypercalls and a trap", "8"
                fild    dword [seven]
                mov     ebp, 100
.more:          hcall   LHCALL_FLUSH_ASYNC
                dec     ebp
                jnz     .more
                resumes ud2
                fistp   dword [word_now]
                check   "what is left in it", [word_now], 7

                trying  "TS 1, then the FPU at ring 1: #NM", "2, 8"
                fild    dword [seven]
                hcall   LHCALL_TS, 1
                faults  7, 0, fistp dword [word_now]

                trying  "TS 0, and the value is still there", "8"
                hcall   LHCALL_TS, 0
                mov     dword [word_now], 0
                fistp   dword [word_now]
                check   "what is left in the FPU", [word_now], 7

                trying  "TS 1, then the FPU at ring 3: #NM, and again until TS 0", "2, 8"
                hcall   LHCALL_TS, 1
                user    user_fpu
                check   "vector", [trap + frame.vector], 7
                user    user_fpu
                check   "vector, once more", [trap + frame.vector], 7
                hcall   LHCALL_TS, 0
                user    user_fpu
                check   "vector, with TS 0", [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                check   "what ring 3 computed", [FRAMES + 0x100], 3

                trying  "the FPU over an interrupt", "8"
                fild    dword [seven]
                mov     dword [data + DATA_blocked_interrupts], ~1
                hcall   LHCALL_SET_CLOCKEVENT, EVENT_NS
                hcall   LHCALL_HALT
                mov     dword [data + DATA_irq_enabled], 0
                fistp   dword [word_now]
                check   "what is left in it", [word_now], 7

                trying  "an FPU exception at ring 3: #MF, or nothing where CR0.NE is off", "7.3, 8"
                user    user_fpu_error
                cmp     dword [trap + frame.vector], LGUEST_SYSCALL_VECTOR
                je      .end
                check   "vector", [trap + frame.vector], 16
.end:           done

; A data segment at the user's data page, DPL 3, 4 KiB long.
%macro          segment_at 1
                dw      0x0FFF, (USER_DATA + %1) & 0xFFFF
                db      (USER_DATA + %1) >> 16 & 0xFF, 0xF2, 0x40, (USER_DATA + %1) >> 24
%endmacro

                section .rodata
seven:          dd      7
mxcsr:          dd      0x1F80
                align   8
tls_one:        segment_at 0x800
                dq      0
                segment_at 0
tls_two:        segment_at 0x900
                dq      0, 0
tls_none:       dq      0, 0, 0

                section .bss
word_now:       resd    1

                section .user
user_set_gs:    mov     ecx, GS_OF_TLS
                mov     gs, ecx
                int     LGUEST_SYSCALL_VECTOR
user_gs:        mov     ecx, GS_OF_TLS
                mov     gs, ecx
                mov     eax, [gs:0]
                int     LGUEST_SYSCALL_VECTOR
user_lar:       xor     eax, eax
                xor     edx, edx
                mov     ebx, LGUEST_TLS * 8 | 3
                lar     ecx, ebx
                mov     ebx, (LGUEST_TLS + 1) * 8 | 3
                lar     esi, ebx
                setz    al
                mov     ebx, (LGUEST_TLS + 2) * 8 | 3
                lar     esi, ebx
                setz    dl
                int     LGUEST_SYSCALL_VECTOR
user_fpu:       fninit
                fldpi
                fistp   dword [USER_DATA + 0x100]
                int     LGUEST_SYSCALL_VECTOR
user_fpu_error: fninit
                push    dword 0
                fldcw   [esp]                   ; every exception unmasked
                fld1
                fldz
                fdivp
                fwait
                int     LGUEST_SYSCALL_VECTOR
