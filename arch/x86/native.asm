; SPDX-License-Identifier: MIT
;
; The native hooks that are a few instructions each, in a form that the patcher can copy to a call site (pv/backend.h).
;
; SNIPPET ... END_SNIPPET makes a function whose body, all but its ret, may be inlined; it may change what its hook's convention
; allows and nothing else. Their list, native_snippets, grows as they are defined. Setting an entry: the high half goes
; first, so that an entry that becomes present never has a wrong frame.

%include "arch/x86/fixup.inc"
%include "offsets.inc"

                global  pv_nop, native_snippets, native_snippets_end
                global  native_irq_save, native_irq_restore, native_irq_disable, native_irq_enable, native_safe_halt
                global  native_set_entry, native_read_cr2, native_flush_one, native_flush_user
                global  native_flush_global, native_activate
                global  native_iret, native_sysexit, native_stac, native_clac
                extern  iret_fault

CR4_PGE         equ     0x80

                section .rodata
                align   4
native_snippets:

; inline HOOK, FIRST, END: a row of struct pv_snippet
%macro inline 3
                [section .rodata]
                dd      %1, %2, %3
                __SECT__
%endmacro

%macro SNIPPET 1
                align   4
%1:
%endmacro

%macro END_SNIPPET 1
%1_end:         ret
                inline  %1, %1, %1_end
%endmacro

                section .text
pv_nop:         ret

                SNIPPET native_irq_save
                pushfd
                pop     eax
                END_SNIPPET native_irq_save

                SNIPPET native_irq_restore
                push    eax
                popfd
                END_SNIPPET native_irq_restore

                SNIPPET native_irq_disable
                cli
                END_SNIPPET native_irq_disable

                SNIPPET native_irq_enable
                sti
                END_SNIPPET native_irq_enable

                SNIPPET native_safe_halt
                sti                             ; takes effect after the next instruction
                hlt
                END_SNIPPET native_safe_halt

                SNIPPET native_read_cr2
                mov     eax, cr2
                END_SNIPPET native_read_cr2

                SNIPPET native_flush_one
                invlpg  [eax]
                END_SNIPPET native_flush_one

                SNIPPET native_flush_user
                mov     eax, cr3
                mov     cr3, eax
                END_SNIPPET native_flush_user

; Whatever changes CR4.PGE drops every entry, the global ones too (Intel SDM volume 3, 4.10.4.1).
                SNIPPET native_flush_global
                mov     eax, cr4
                xor     al, CR4_PGE
                mov     cr4, eax
                xor     al, CR4_PGE
                mov     cr4, eax
                END_SNIPPET native_flush_global

; edx = next
                SNIPPET native_activate
                mov     eax, [edx + MM_pgd]
                sub     eax, KERNEL_BASE        ; the direct map
                mov     cr3, eax
                END_SNIPPET native_activate

                SNIPPET native_stac
                stac
                END_SNIPPET native_stac

                SNIPPET native_clac
                clac
                END_SNIPPET native_clac

; Jumped to with the frame at esp; a frame that the CPU refuses goes to iret_fault, as from the inlined form.
                align   4
native_iret:    iretd
native_iret_end:
                FIXUP   native_iret, iret_fault
                inline  native_iret, native_iret, native_iret_end

                align   4
native_sysexit: sti                             ; takes effect after the next instruction
                sysexit
native_sysexit_end:
                inline  native_sysexit, native_sysexit, native_sysexit_end

; Called, it finds the entry on the stack; a site that it is inlined in has it in ebx and esi.
                align   4
native_set_entry:
                mov     eax, [esp + 8]
                mov     [ecx + 4], eax
                mov     eax, [esp + 4]
                mov     [ecx], eax
                ret
store_entry:    mov     [ecx + 4], esi
                mov     [ecx], ebx
store_entry_end:
                inline  native_set_entry, store_entry, store_entry_end

                section .rodata
native_snippets_end:

                section .note.GNU-stack noalloc noexec nowrite progbits
