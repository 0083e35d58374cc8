//! Memory that Python and Rust share: the one module with `unsafe`.
//!
//! Two things cross in this file. A receive buffer is written by the event loop (through a writable memoryview) and read
//! by Rust once it is full. A frame is read by Python through a read-only memoryview. In both cases the exporting
//! Python object holds an `Arc` of the memory, so a view that outlives its use keeps the memory alive and can do no
//! worse than change bytes that nobody should still write. Arrow arrays, foreign buffers and finished bytes, which are
//! only read, have files of their own.
#![allow(unsafe_code)]

mod arrow;
mod borrowed;
mod shared;

pub(super) use arrow::{Columns, Imported};
pub(super) use borrowed::BorrowedBytes;
pub(super) use shared::SharedBytes;

use std::collections::VecDeque;
use std::ffi::c_int;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;

use crate::wire::frames::{FrameBytes, Room, Rooms};

/// Bytes of idle buffers that one pool keeps warm.
const IDLE_BYTES_MAX: usize = 32 << 20;
/// Smaller buffers come back warm from malloc, larger ones are too rare to be kept.
const KEPT_BYTES: std::ops::RangeInclusive<usize> = 64 << 10..=8 << 20;

type Buffer = Box<[MaybeUninit<u8>]>;

#[derive(Default)]
struct Idle {
    buffers: VecDeque<Buffer>,
    bytes: usize,
}

impl Idle {
    /// The smallest buffer that holds `size` bytes and is not much too large.
    fn take(&mut self, size: usize) -> Option<Buffer> {
        let fits = |buffer: &Buffer| (size..=2 * size).contains(&buffer.len());
        let best = (0..self.buffers.len())
            .filter(|&index| fits(&self.buffers[index]))
            .min_by_key(|&index| self.buffers[index].len())?;
        let buffer = self.buffers.remove(best)?;
        self.bytes -= buffer.len();
        Some(buffer)
    }

    /// Keeps a buffer; the oldest ones make room for it.
    fn put(&mut self, buffer: Buffer) {
        self.bytes += buffer.len();
        self.buffers.push_back(buffer);
        while self.bytes > IDLE_BYTES_MAX {
            let Some(oldest) = self.buffers.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }
}

/// Hands out receive buffers and takes them back warm: fresh pages cost a fault each 4 KiB.
#[derive(Clone, Default)]
pub(super) struct Pool(Arc<Mutex<Idle>>);

impl Rooms for Pool {
    type Room = Receiving;

    fn open(&self, size: usize) -> Receiving {
        let pooled = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(size);
        let buffer = pooled.unwrap_or_else(|| Box::new_uninit_slice(size));
        Receiving { region: Arc::new(Region::new(buffer, Arc::downgrade(&self.0))), size, filled: 0 }
    }
}

/// Memory behind raw pointers, because Python may write to it while Rust holds it too.
struct Region {
    start: NonNull<[MaybeUninit<u8>]>,
    home: Weak<Mutex<Idle>>,
}

// SAFETY: `start` is owned by the region alone (it came out of a Box). Who writes and who reads when is settled by
// the protocol of `Receiving` (writes before `finish`, reads after) and by the GIL for `Scratch`.
unsafe impl Send for Region {}
// SAFETY: as above.
unsafe impl Sync for Region {}

impl Region {
    fn new(buffer: Buffer, home: Weak<Mutex<Idle>>) -> Self {
        Self { start: NonNull::from(Box::leak(buffer)), home }
    }

    fn size(&self) -> usize {
        self.start.len()
    }

    fn at(&self, position: usize) -> *mut u8 {
        assert!(position <= self.size());
        // SAFETY: the position was just checked to lie within the allocation or at its end.
        unsafe { self.start.cast::<u8>().as_ptr().add(position) }
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        // SAFETY: `start` came from Box::leak in `new` and nobody else turns it back.
        let buffer = unsafe { Box::from_raw(self.start.as_ptr()) };
        if let Some(home) = self.home.upgrade().filter(|_| KEPT_BYTES.contains(&buffer.len())) {
            home.lock().unwrap_or_else(PoisonError::into_inner).put(buffer);
        }
    }
}

/// A large frame while it is being received.
pub(super) struct Receiving {
    region: Arc<Region>,
    size: usize,
    filled: usize,
}

impl Receiving {
    /// A writable memoryview of what is missing.
    pub(super) fn window<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMemoryView>> {
        Window::open(py, Arc::clone(&self.region), self.filled, self.missing())
    }

    /// Notes that `size` bytes were written at the start of the window; False if that is more than it has.
    ///
    /// The event loop's word is taken for it that they really were.
    pub(super) fn advance(&mut self, size: usize) -> bool {
        let fits = size <= self.missing();
        self.filled += if fits { size } else { 0 };
        fits
    }
}

impl Room for Receiving {
    fn missing(&self) -> usize {
        self.size - self.filled
    }

    fn extend(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.missing());
        // SAFETY: the target lies within the region (asserted) and is no Rust reference's; `bytes` is a live slice
        // of other memory: frames are only made of received bytes, and this one is not made yet.
        unsafe { self.region.at(self.filled).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.filled += bytes.len();
    }

    fn finish(self) -> FrameBytes {
        assert_eq!(self.missing(), 0);
        FrameBytes::Large(Arc::new(Received { region: self.region, size: self.size }))
    }
}

/// A large frame that is whole: all `size` bytes were written.
struct Received {
    region: Arc<Region>,
    size: usize,
}

impl AsRef<[u8]> for Received {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `finish` asserted that the first `size` bytes were written, and nobody writes after it.
        unsafe { std::slice::from_raw_parts(self.region.at(0), self.size) }
    }
}

/// Exports a part of a region as writable memory.
#[pyclass(frozen, module = "skylog.core._core")]
struct Window {
    region: Arc<Region>,
    start: usize,
    size: usize,
}

impl Window {
    fn open(
        py: Python<'_>,
        region: Arc<Region>,
        start: usize,
        size: usize,
    ) -> PyResult<Bound<'_, PyMemoryView>> {
        assert!(start + size <= region.size());
        PyMemoryView::from(Bound::new(py, Self { region, start, size })?.as_any())
    }
}

#[pymethods]
impl Window {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let window = slf.get();
        let (start, size) = (window.region.at(window.start), window.size);
        // SAFETY: `open` asserted that the window lies within the region, which lives as long as the exporter, and
        // the view holds the exporter. `view` is the interpreter's.
        unsafe { fill(slf.as_any(), view, start, size, false, flags) }
    }
}

/// Receive memory that connections share; what is in it belongs to who received last.
pub(super) struct ScratchMemory {
    region: Arc<Region>,
    view: Py<PyMemoryView>,
}

impl ScratchMemory {
    pub(super) fn new(py: Python<'_>, size: usize) -> PyResult<Self> {
        let zeroes = vec![MaybeUninit::new(0); size].into_boxed_slice();
        let region = Arc::new(Region::new(zeroes, Weak::new()));
        let view = Window::open(py, Arc::clone(&region), 0, size)?.unbind();
        Ok(Self { region, view })
    }

    pub(super) fn size(&self) -> usize {
        self.region.size()
    }

    /// All of it as a writable memoryview.
    pub(super) fn view<'py>(&self, py: Python<'py>) -> Bound<'py, PyMemoryView> {
        self.view.bind(py).clone()
    }

    /// The first `size` bytes, for as long as the GIL is held; None if there are not so many.
    pub(super) fn received<'py>(&'py self, _py: Python<'py>, size: usize) -> Option<&'py [u8]> {
        // SAFETY: the memory was written with zeroes at its birth, the size is checked, and only the event loop of
        // this thread writes to it, which waits for this call.
        (size <= self.size()).then(|| unsafe { std::slice::from_raw_parts(self.region.at(0), size) })
    }
}

/// What Python may read of a frame; the base of `Frame`, so that its buffer is exported here.
#[pyclass(frozen, subclass, module = "skylog.core._core")]
pub(super) struct Readable {
    pub(super) bytes: FrameBytes,
}

#[pymethods]
impl Readable {
    unsafe fn __getbuffer__(slf: Bound<'_, Self>, view: *mut ffi::Py_buffer, flags: c_int) -> PyResult<()> {
        let bytes: &[u8] = &slf.get().bytes;
        // SAFETY: the bytes live as long as the exporter, and the view holds the exporter. The view is read-only.
        unsafe { fill(slf.as_any(), view, bytes.as_ptr().cast_mut(), bytes.len(), true, flags) }
    }
}

/// Fills a view over `size` bytes that `owner` keeps alive.
///
/// # Safety
/// `start` must be valid for `size` bytes while `owner` lives, and writable unless `readonly`.
unsafe fn fill(
    owner: &Bound<'_, PyAny>,
    view: *mut ffi::Py_buffer,
    start: *mut u8,
    size: usize,
    readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    let size = size.cast_signed();
    // SAFETY: the interpreter hands in a valid view; it takes a reference to `owner` and checks the flags.
    let status = unsafe {
        ffi::PyBuffer_FillInfo(view, owner.as_ptr(), start.cast(), size, c_int::from(readonly), flags)
    };
    if status == -1 { Err(PyErr::fetch(owner.py())) } else { Ok(()) }
}
