; SPDX-License-Identifier: MIT
;
; The thunks of a trace: what stands in the table, and what gates lead to, in place of what is traced (pv/trace.c).
;
; Thunk N is a call, so that what it pushes tells N; trace_thunk makes a record; then it goes on where N belongs. Nothing else changes, no flag and no register, so that whatever the
; contract of a hook is, it is kept. Hooks that are jumped to and gates come with the user's segments, which are put back; fs and gs are not used.
;
;	offset		word				struct trace_frame
;	+48		what was on the stack		return address or hardware frame
;	+44		the end of the thunk, then where to go on
;	+40 +36		es, ds
;	+32		eflags
;	+28 ... +0	eax ... edi

%include "offsets.inc"

                extern  trace_thunk
                global  trace_thunks

                section .text
trace_thunks:
                times TRACE_THUNKS call record  ; TRACE_THUNK_SIZE bytes each

record:         push    es
                push    ds
                pushfd
                pusha
                mov     eax, USER_DS            ; flat, for every ring
                mov     ds, eax
                mov     es, eax
                cld
                mov     eax, esp
                call    trace_thunk
                popa
                popfd
                pop     ds
                pop     es
                ret

                section .note.GNU-stack noalloc noexec nowrite progbits
