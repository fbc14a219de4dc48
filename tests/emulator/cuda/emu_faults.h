// SPDX-License-Identifier: Apache-2.0
// Everything that ends a launch early: fail(), undefined behaviour, signals, the time limit.
//
// A failing fibre is simply never switched to again; the launch returns an error to Python. Code
// addresses go into the message as {0x...} and emulator.py turns them into source lines.
#pragma once
#include <signal.h>
#include <sys/time.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "emu_block.h"

namespace emu {

static bool failed;
static void* scheduler_stack;

static void write_error(const char* format, va_list arguments) {
  int used = 0;
  if (current) {
    const uint3 b = current->block->index, t = current->index;
    used = snprintf(launch->error, launch->error_bytes, "block (%u,%u,%u) thread (%u,%u,%u): ",
                    b.x, b.y, b.z, t.x, t.y, t.z);
  }
  vsnprintf(launch->error + used, launch->error_bytes - used, format, arguments);
  failed = true;
}

// From a fibre: ends the launch. From the scheduler use `report`.
void fail(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_error(format, arguments);
  va_end(arguments);
  void* nowhere;
  emu_switch(&nowhere, scheduler_stack);
  abort();  // a failed fibre never runs again
}

static void report(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  write_error(format, arguments);
  va_end(arguments);
}

// ---- signals: a wild pointer, a stack overflow, a division, an endless loop
static struct sigaction previous_action[NSIG];
static stack_t previous_stack;
static const int kCaught[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGVTALRM};

static void on_signal(int number, siginfo_t* info, void*) {
  if (!current) {  // not in a kernel: none of our business
    sigaction(number, &previous_action[number], nullptr);
    return;
  }
  char* address = static_cast<char*>(info->si_addr);
  if (number == SIGVTALRM)
    fail("still running after %g s of processor time: an endless loop? a polling loop must call "
         "sq_spin_pause()", launch->limit_s);
  if (number == SIGFPE) fail("integer division by zero {%p}", static_cast<void*>(address));
  if (address >= current->stack_low - Stacks::kGuard && address < current->stack_low)
    fail("stack overflow: more than %llu bytes of local variables",
         static_cast<unsigned long long>(launch->stack_bytes));
  fail("%s at address %p: a pointer out of bounds (run with shadow=True to see the line)",
       number == SIGILL ? "illegal instruction" : "invalid memory access",
       static_cast<void*>(address));
}

// The handlers are ours only while kernels run; Python's own (faulthandler's) come back after.
class SignalGuard {
 public:
  SignalGuard() {
    static char handler_stack[64 * 1024];  // an overflowing fibre has no room for a handler
    stack_t alternate{};
    alternate.ss_sp = handler_stack;
    alternate.ss_size = sizeof handler_stack;
    sigaltstack(&alternate, &previous_stack);
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    // NODEFER: the handler does not return, so the signal must stay deliverable.
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (int number : kCaught) sigaction(number, &action, &previous_action[number]);
    set_timer(launch->limit_s);
  }
  ~SignalGuard() {
    set_timer(0);
    for (int number : kCaught) sigaction(number, &previous_action[number], nullptr);
    sigaltstack(&previous_stack, nullptr);
  }

 private:
  static void set_timer(double seconds) {
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(seconds);
    timer.it_value.tv_usec = static_cast<suseconds_t>((seconds - timer.it_value.tv_sec) * 1e6);
    setitimer(ITIMER_VIRTUAL, &timer, nullptr);
  }
};

// ---- undefined behaviour: the handlers that g++'s -fsanitize=undefined calls, instead of libubsan
struct UbsanPlace {
  const char* file;
  unsigned line, column;
};
}  // namespace emu

#define EMU_UBSAN(handler, what)                                                           \
  extern "C" void __ubsan_handle_##handler(emu::UbsanPlace* at) {                          \
    emu::fail("undefined behaviour at %s:%u: " what, at->file, at->line);                  \
  }
EMU_UBSAN(add_overflow, "signed addition overflows")
EMU_UBSAN(sub_overflow, "signed subtraction overflows")
EMU_UBSAN(mul_overflow, "signed multiplication overflows")
EMU_UBSAN(negate_overflow, "signed negation overflows")
EMU_UBSAN(divrem_overflow, "integer division by zero, or it overflows")
EMU_UBSAN(shift_out_of_bounds, "shift by a negative amount or by the width of the type or more")
EMU_UBSAN(out_of_bounds, "array index out of bounds")
EMU_UBSAN(builtin_unreachable, "unreachable code was reached")
EMU_UBSAN(missing_return, "a function that returns a value ended without one")
EMU_UBSAN(vla_bound_not_positive, "array of a size that is not positive")
EMU_UBSAN(load_invalid_value, "a bool or enum holds no valid value (uninitialised?)")
EMU_UBSAN(nonnull_arg, "null passed where it must not be")
EMU_UBSAN(pointer_overflow, "pointer arithmetic overflows")
EMU_UBSAN(invalid_builtin, "a bit count of zero where it is undefined")
EMU_UBSAN(float_cast_overflow, "a float out of the range of the integer it is cast to")
#undef EMU_UBSAN

struct EmuTypeMismatch {
  emu::UbsanPlace at;
  const void* type;
  unsigned char log_alignment, access;
};
extern "C" void __ubsan_handle_type_mismatch_v1(EmuTypeMismatch* data, uintptr_t address) {
  const unsigned long alignment = 1ul << data->log_alignment;
  const char* what = !address                     ? "null pointer"
                     : address & (alignment - 1) ? "misaligned address"
                                                  : "address with too little memory behind it";
  emu::fail("undefined behaviour at %s:%u: access through a %s (%#lx, alignment %lu)",
            data->at.file, data->at.line, what, static_cast<unsigned long>(address), alignment);
}
