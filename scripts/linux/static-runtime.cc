// What the static C++ runtime of a newer system wants from a newer glibc, for a binary that runs with older ones and
// with musl.
#include <pthread.h>
#include <sys/auxv.h>

extern "C" {

// Defined, and not seen from outside: what is linked with this takes it from here.
#define HIDDEN __attribute__((visibility("hidden")))

/// glibc 2.32: "no other thread yet", which saves libstdc++ atomic operations. Never true in Node.
HIDDEN extern char __libc_single_threaded;
char __libc_single_threaded = 0;

/// glibc 2.35: libgcc's fast way to unwind tables. Having failed, it asks dl_iterate_phdr().
HIDDEN int _dl_find_object(void*, void*) { return -1; }

/// glibc 2.36: for std::random_device, which nobody here uses.
HIDDEN unsigned int arc4random() { __builtin_trap(); }

/// libgcc on arm64 asks by this name whether the processor has atomic instructions. Musl has the other one only.
HIDDEN unsigned long __getauxval(unsigned long type) { return getauxval(type); }

/// By this name, which musl has not, libstdc++ finds out whether there can be threads; without it a std::mutex of a
/// compiler for glibc before 2.34 does nothing.
HIDDEN int __pthread_key_create(pthread_key_t* key, void (*destroy)(void*)) { return pthread_key_create(key, destroy); }
}
