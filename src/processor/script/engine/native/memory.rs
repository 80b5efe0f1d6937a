//! The memory of a realm, counted.
//!
//! The engine's own limit makes an error that a script can catch, and counts what the C library has reserved, which differs from one to another.

#![expect(unsafe_code, reason = "the trait of an allocator is unsafe; all work is done by that of rquickjs")]

use std::ptr;
use std::rc::Rc;

use rquickjs::allocator::{Allocator, RustAllocator};

use super::super::usage::Usage;

/// What sizes are rounded up to, as by `RustAllocator`.
const ALIGN: usize = align_of::<u64>();

/// Gives the engine memory, as long as its realm may have more.
pub(in super::super) struct Counted(pub(in super::super) Rc<Usage>);

impl Counted {
    /// Memory that is counted with this size; null if there is none.
    fn counted(&self, size: usize, allocate: impl FnOnce() -> *mut u8) -> *mut u8 {
        if !self.0.take(size) {
            return ptr::null_mut();
        }
        let memory = allocate();
        if memory.is_null() {
            self.0.give_back(size);
        }
        memory
    }
}

// SAFETY: each function hands on to that of `RustAllocator`, or returns null, which tells that there is no memory. So all pointers are of `RustAllocator`, which
// tells their sizes.
unsafe impl Allocator for Counted {
    fn alloc(&mut self, size: usize) -> *mut u8 {
        self.counted(size.next_multiple_of(ALIGN), || RustAllocator.alloc(size))
    }

    fn calloc(&mut self, count: usize, size: usize) -> *mut u8 {
        let all = count.saturating_mul(size);
        // As much as this is over each limit.
        if all > isize::MAX.unsigned_abs() {
            return ptr::null_mut();
        }
        self.counted(all.next_multiple_of(ALIGN), || RustAllocator.calloc(count, size))
    }

    unsafe fn dealloc(&mut self, ptr: *mut u8) {
        // SAFETY: the engine gives back a pointer of this allocator, once.
        unsafe {
            self.0.give_back(RustAllocator::usable_size(ptr));
            RustAllocator.dealloc(ptr);
        }
    }

    unsafe fn realloc(&mut self, ptr: *mut u8, new_size: usize) -> *mut u8 {
        // SAFETY: the pointer is one of this allocator.
        let former = unsafe { RustAllocator::usable_size(ptr) };
        let size = new_size.next_multiple_of(ALIGN);
        let more = size.saturating_sub(former);
        // SAFETY: as above; it stays what it is if null is returned.
        let new = self.counted(more, || unsafe { RustAllocator.realloc(ptr, new_size) });
        if !new.is_null() {
            self.0.give_back(former.saturating_sub(size));
        }
        new
    }

    unsafe fn usable_size(ptr: *mut u8) -> usize {
        // SAFETY: the pointer is one of this allocator.
        unsafe { RustAllocator::usable_size(ptr) }
    }
}
