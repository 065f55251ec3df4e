; SPDX-License-Identifier: MIT
;
; The refusal of a CPU without PAE: the kernel proper can't run, so this prints the two lines by itself. The shim uses it, too.
;
; Runs with paging off, wherever it lies, on CPUs that may be as old as a 386 and know neither CPUID nor CMOV. COM1
; is programmed (115200 baud, 8n1) because nobody has done it yet; the value at the debug exit port is that of outcome
; "refused" (DESIGN section 8), which drivers/serial.c and the native shutdown would have said in the same words.

                bits    32

%define COM1            0x3F8
%define EXIT_PORT       0xF4
%define REFUSED         3

                global  boot_has_pae, boot_no_pae

                section .boot.text progbits alloc exec nowrite align=16
; Not even CPUID is certain: a 386 or 486 that a loader has brought here must get its line, too.
; ZF clear if CPUID exists and shows PAE. Keeps esi and edi.
boot_has_pae:   pushfd
                pop     eax
                mov     ecx, eax
                xor     eax, 1 << 21            ; EFLAGS.ID can be changed only where CPUID exists
                push    eax
                popfd
                pushfd
                pop     eax
                xor     eax, ecx
                test    eax, 1 << 21
                jz      .done
                mov     eax, 1
                cpuid
                test    edx, 1 << 6
.done:          ret

; What to write is a list of pairs, register and value, as in drivers/serial.c: interrupts off, divisor 1, 8n1, FIFO on.
boot_no_pae:    call    .here
.here:          pop     ebx
                lea     esi, [ebx + setup - .here]
.set:           lodsb                           ; register, value; 0xFF ends
                cmp     al, 0xFF
                je      .print
                movzx   edx, al
                add     edx, COM1
                lodsb
                out     dx, al
                jmp     .set
.print:         lea     esi, [ebx + text - boot_no_pae.here]
.next:          lodsb
                test    al, al
                jz      .end
                mov     ah, al
                mov     ecx, 100000             ; a line without a UART must not hold us for ever
                mov     edx, COM1 + 5
; loopz: on while the line is busy (ZF set) and patience lasts.
.wait:          in      al, dx
                test    al, 0x20                ; room for a byte
                loopz   .wait
                mov     edx, COM1
                mov     al, ah
                out     dx, al
                jmp     .next
; Ends QEMU where its debug exit is; elsewhere the line stands on the console and the machine stops.
.end:           mov     al, REFUSED
                out     EXIT_PORT, al
.halt:          cli
                hlt
                jmp     .halt

setup:          db      1, 0x00, 3, 0x80, 0, 0x01, 1, 0x00, 3, 0x03, 2, 0x07, 0xFF
text:           db      "boot: this CPU has no PAE (physical address extension), which is needed", 13, 10
                db      "postern: outcome refused", 13, 10, 0

                section .note.GNU-stack noalloc noexec nowrite progbits
