; SPDX-License-Identifier: MIT
;
; 01-hello: the entry state, INIT, a word on the console, the end. All in linear mode, without a trap.

%include "guests/guest.inc"

                guest   "01-hello", "entry state, INIT, NOTIFY, SHUTDOWN"

                trying  "the general registers at the entry", "4"
                check   "eax", [entry + frame.eax], 0
                check   "ebx", [entry + frame.ebx], 0
                check   "ecx", [entry + frame.ecx], 0
                check   "edx", [entry + frame.edx], 0
                check   "esi, the address of boot_params", [entry + frame.esi], 0
                check   "edi", [entry + frame.edi], 0
                check   "ebp", [entry + frame.ebp], 0
                check   "esp", [entry + frame.esp0], 0

                trying  "the segments and flags at the entry", "4"
                mov     eax, cs
                check   "cs", eax, LGUEST_KERNEL_CS
                mov     eax, ds
                check   "ds", eax, LGUEST_KERNEL_DS
                mov     eax, es
                check   "es", eax, LGUEST_KERNEL_DS
                mov     eax, ss
                check   "ss", eax, LGUEST_KERNEL_DS
                mov     eax, fs
                check   "fs", eax, 0
                mov     eax, gs
                check   "gs", eax, 0
                check_bits "eflags: IF and IOPL, DF, TF, NT", [entry + frame.eflags], 0x7700, IF

                trying  "lar and lsl of the two descriptors that are there", "4, 5"
                mov     ebx, LGUEST_KERNEL_CS
                lar     eax, ebx
                and     eax, 0xC0FF00
                check   "code: 4 KiB units, 32 bits, present, DPL 1, readable, accessed", eax, 0xC0BB00
                lsl     eax, ebx
                check   "its limit", eax, 0xFFFFFFFF
                mov     ebx, LGUEST_KERNEL_DS
                lar     eax, ebx
                and     eax, 0xC0FF00
                check   "data: 4 KiB units, 32 bits, present, DPL 1, writable, accessed", eax, 0xC0B300
                lsl     eax, ebx
                check   "its limit", eax, 0xFFFFFFFF

                trying  "boot_params at physical 0", "4.1"
                movzx   eax, byte [BOOT_e820_entries]
                check   "e820_entries", eax, 1
                movzx   eax, word [BOOT_version]
                check   "hdr.version", eax, LGUEST_BOOT_VERSION
                movzx   eax, byte [BOOT_loadflags]
                and     eax, LGUEST_KEEP_SEGMENTS
                check   "loadflags: KEEP_SEGMENTS", eax, LGUEST_KEEP_SEGMENTS
                check   "hardware_subarch", [BOOT_hardware_subarch], LGUEST_SUBARCH
                check   "cmd_line_ptr", [BOOT_cmd_line_ptr], LGUEST_CMDLINE
                check   "e820[0].addr", [BOOT_e820], 0
                check   "e820[0].type", [BOOT_e820 + E820_type], 1
                check_bits "e820[0].size: whole pages", [BOOT_e820 + E820_size], 0xFFF, 0
                check   "ramdisk_size without an initrd", [BOOT_ramdisk_size], 0
                note    "memory", [BOOT_e820 + E820_size]

                trying  "the command line: ends in a NUL within its page", "4.1"
                mov     edi, [BOOT_cmd_line_ptr]
                mov     ecx, 2048
                xor     eax, eax
                repne   scasb
                check   "the byte found", [edi - 1], 0

                trying  "memory behind the image's file bytes: zero", "4.1"
                mov     edi, FRAMES
                mov     ecx, 0x10000 / 4
                xor     eax, eax
                repe    scasd
                check   "the last word looked at", [edi - 4], 0

                trying  "the last byte of RAM and the device page behind it", "4, 9, 15"
                mov     ebx, [BOOT_e820 + E820_size]
                mov     dword [ebx - 4], 0x13579BDF
                check   "RAM's last word, after a write", [ebx - 4], 0x13579BDF
                movzx   eax, byte [ebx]
                note    "type of the first device (0: none)", eax

                trying  "what INIT left in lguest_data", "3"
                check_bits "reserve_mem: whole pages", [data + DATA_reserve_mem], 0xFFF, 0
                mov     eax, [data + DATA_reserve_mem]
                dec     eax
                shr     eax, 28
                check   "reserve_mem: at least a page, at most 256 MiB", eax, 0
                cmp     dword [data + DATA_time_nsec], 1000000000
                sbb     eax, eax
                check   "time.nsec below a second", eax, -1
                check   "irq_enabled", [data + DATA_irq_enabled], 0
                note    "bytes reserved at the top", [data + DATA_reserve_mem]
                note    "tsc_khz (0: not to be used)", [data + DATA_tsc_khz]
                note    "seconds since 1970", [data + DATA_time_sec]

                trying  "the registers after a hypercall that does nothing", "2"
                mov     ebp, 0x0000BEB0
                mov     edi, 0x0000ED10
                mov     [saved_esp], esp
                hcall   LHCALL_FLUSH_ASYNC, 0x11111111, 0x22222222, 0x33333333, 0x44444444
                check   "eax: no call writes it", eax, LHCALL_FLUSH_ASYNC
                check   "ebx", ebx, 0x11111111
                check   "ecx", ecx, 0x22222222
                check   "edx", edx, 0x33333333
                check   "esi", esi, 0x44444444
                check   "edi", edi, 0x0000ED10
                check   "ebp", ebp, 0x0000BEB0
                mov     eax, esp
                check   "esp", eax, [saved_esp]
                hcall   LHCALL_SEND_INTERRUPTS
                check   "eax after SEND_INTERRUPTS", eax, LHCALL_SEND_INTERRUPTS

                trying  "SHUTDOWN with a text", "2"
                done

                section .bss
saved_esp:      resd    1
