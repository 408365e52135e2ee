//! The memory that everything is in. musl's allocator gives each page back to the kernel as soon as it
//! is free, which a short run waits for more than for anything else: dlmalloc doesn't.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use dlmalloc::Dlmalloc;
use nix::libc;

use super::last_resort::out_of_memory;

struct Memory(Mutex<Dlmalloc<Pages>>);

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Dlmalloc<Pages>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(unsafe_code, reason = "an allocator hands out memory")]
// SAFETY: what it hands out is dlmalloc's, by whose rules the callers' arguments are passed on.
unsafe impl GlobalAlloc for Memory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the trait's rules, here and below.
        checked(unsafe { self.lock().malloc(layout.size(), layout.align()) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { self.lock().calloc(layout.size(), layout.align()) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { self.lock().realloc(memory, layout.size(), layout.align(), size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { self.lock().free(memory, layout.size(), layout.align()) }
    }
}

fn checked(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        out_of_memory();
    }
    memory
}

#[global_allocator]
static MEMORY: Memory = Memory(Mutex::new(Dlmalloc::new_with_allocator(Pages)));

/// Where dlmalloc has its memory from: as much as most starts need without asking for it, then the
/// kernel.
struct Pages;

#[repr(align(4096))]
struct First(UnsafeCell<[u8; FIRST]>);

#[expect(unsafe_code, reason = "it is written, and in a static")]
// SAFETY: it is handed out once, whole, and nothing but its receiver looks into it.
unsafe impl Sync for First {}

/// No part of the file, and no page of memory until it is used.
static FIRST_PAGES: First = First(UnsafeCell::new([0; FIRST]));
static IS_FIRST_TAKEN: AtomicBool = AtomicBool::new(false);

#[expect(unsafe_code, reason = "memory is the kernel's to give")]
// SAFETY: each region is memory of the size that is told, writable, and nobody else's.
unsafe impl dlmalloc::Allocator for Pages {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        if size <= FIRST && !IS_FIRST_TAKEN.swap(true, Ordering::Relaxed) {
            return (FIRST_PAGES.0.get().cast(), FIRST, NOT_FROM_THE_KERNEL);
        }
        let access = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: a new mapping touches none that is there.
        let memory = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
        let is_memory = memory != libc::MAP_FAILED;
        (if is_memory { memory.cast() } else { ptr::null_mut() }, size, 0)
    }

    fn remap(&self, memory: *mut u8, old: usize, new: usize, can_move: bool) -> *mut u8 {
        let flags = if can_move { libc::MREMAP_MAYMOVE } else { 0 };
        // SAFETY: dlmalloc asks this of what it has from the kernel.
        let memory = unsafe { libc::mremap(memory.cast(), old, new, flags) };
        if memory == libc::MAP_FAILED { ptr::null_mut() } else { memory.cast() }
    }

    fn free_part(&self, memory: *mut u8, old: usize, new: usize) -> bool {
        // SAFETY: as above, and the part isn't used any more.
        unsafe { libc::munmap(memory.add(new).cast(), old - new) == 0 }
    }

    fn free(&self, memory: *mut u8, size: usize) -> bool {
        // SAFETY: as above.
        unsafe { libc::munmap(memory.cast(), size) == 0 }
    }

    fn can_release_part(&self, flags: u32) -> bool {
        flags != NOT_FROM_THE_KERNEL
    }

    fn allocates_zeros(&self) -> bool {
        true
    }

    fn page_size(&self) -> usize {
        PAGE
    }
}

/// Bytes: a start with nothing to do needs half of it.
const FIRST: usize = 64 << 10;

/// Of x86-64, and the least of other processors: what is a multiple of a larger one is one of this.
const PAGE: usize = 4096;

/// dlmalloc's `EXTERN_BIT`.
const NOT_FROM_THE_KERNEL: u32 = 1;
