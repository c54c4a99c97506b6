//! Settings of the process that make training fast.

/// Prepares the process for training. Call once, at the start of a program, before it has other threads; what cannot be
/// set on a system is left as it is.
///
/// - Freed memory is kept for the next step: a step frees and asks again for the same tens of megabytes, and glibc
///   would give them back to the system each time, at the price of a fifth of the step in page faults.
/// - Numbers too small for the normal format (below 1e-38) count as zero, in this thread and those it starts. They turn
///   up as training goes on and are slow to multiply: the five epochs of the quickstart took 33 s with them, 8 s without.
/// - In a build that knows other devices, Burn's default device is the processor unless `BURN_DEVICE` says otherwise. An
///   optimiser's state is put there before it goes where its parameter is, and no other device need exist.
pub fn prepare_process() {
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    default_to_processor();
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    keep_freed_memory();
    flush_subnormals();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn keep_freed_memory() {
    const NEVER: libc::c_int = libc::c_int::MAX;
    /// Memory taken from the system at a time, bytes.
    const STEP: libc::c_int = 64 << 20;
    // SAFETY: `mallopt` changes three numbers of the allocator under its own lock; any value is valid.
    unsafe {
        libc::mallopt(libc::M_TRIM_THRESHOLD, NEVER);
        libc::mallopt(libc::M_MMAP_THRESHOLD, NEVER);
        libc::mallopt(libc::M_TOP_PAD, STEP);
    }
}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
#[allow(unsafe_code)]
fn default_to_processor() {
    const DEFAULT: &str = "BURN_DEVICE";
    if std::env::var_os(DEFAULT).is_none() {
        // SAFETY: the program has no other thread yet that could read the environment, as this module asks.
        unsafe { std::env::set_var(DEFAULT, "flex") };
    }
}

#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
fn flush_subnormals() {
    /// Flush results (bit 15) and inputs (bit 6) to zero.
    const FLUSH: u32 = 1 << 15 | 1 << 6;
    let mut state = 0_u32;
    // SAFETY: reads and writes this thread's SSE control word through a valid pointer. Only how subnormal numbers are
    // treated changes; no exception is unmasked and rounding stays as it was.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &raw mut state, options(nostack));
        state |= FLUSH;
        std::arch::asm!("ldmxcsr [{}]", in(reg) &raw const state, options(nostack));
    }
}

#[cfg(target_arch = "aarch64")]
#[allow(unsafe_code)]
fn flush_subnormals() {
    /// FZ of the floating-point control register.
    const FLUSH: u64 = 1 << 24;
    let mut state: u64;
    // SAFETY: as above, for Arm's control register.
    unsafe {
        std::arch::asm!("mrs {}, fpcr", out(reg) state, options(nostack, nomem));
        state |= FLUSH;
        std::arch::asm!("msr fpcr, {}", in(reg) state, options(nostack));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn flush_subnormals() {}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    #[test]
    fn subnormal_numbers_count_as_zero_here_and_in_threads_started_after() {
        let product = || black_box(1e-30_f32) * black_box(1e-10_f32);
        std::thread::spawn(move || {
            assert_ne!(product(), 0.0);
            super::prepare_process();
            if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) {
                assert_eq!(product(), 0.0);
                let child = std::thread::spawn(product);
                assert_eq!(child.join().map_err(|_| ()), Ok(0.0));
            }
        })
        .join()
        .expect("the checks above hold");
    }
}
