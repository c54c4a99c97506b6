//! Which vector instructions to use, found out at run time.

use pulp::Simd;

use crate::KernelError;

/// A set of vector instructions. Levels round differently (fused multiply-add or not, order of sums), so
/// results are bit-identical within a level, and equal up to rounding between levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// What every processor of the target has: 128 bits, no fused multiply-add.
    Plain,
    /// x86-64 with AVX2 and FMA: 256 bits.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, CD, DQ, VL): 512 bits.
    Avx512,
    /// Arm: 128 bits, fused multiply-add.
    Neon,
}

impl Level {
    /// The widest level of this processor.
    pub fn best() -> Self {
        [Self::Avx512, Self::Avx2, Self::Neon]
            .into_iter()
            .find(|level| level.is_available())
            .unwrap_or(Self::Plain)
    }

    /// Every level of this processor.
    pub fn available() -> Vec<Self> {
        [Self::Plain, Self::Avx2, Self::Avx512, Self::Neon]
            .into_iter()
            .filter(|level| level.is_available())
            .collect()
    }

    /// Can this processor run the level?
    pub fn is_available(self) -> bool {
        match self {
            Self::Plain => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => pulp::x86::V3::try_new().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => pulp::x86::V4::try_new().is_some(),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => pulp::aarch64::Neon::try_new().is_some(),
            _ => false,
        }
    }

    /// `self`, or an error if this processor cannot run it.
    pub(crate) fn check(self) -> Result<Self, KernelError> {
        if self.is_available() {
            Ok(self)
        } else {
            Err(KernelError::Level { level: self })
        }
    }

    /// Numbers per vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::Plain | Self::Neon => 4,
            Self::Avx2 => 8,
            Self::Avx512 => 16,
        }
    }

    /// Runs a kernel with the level's instructions.
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                if let Some(simd) = pulp::x86::V4::try_new() {
                    return simd.vectorize(Bound { kernel, simd });
                }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return simd.vectorize(Bound { kernel, simd });
                }
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => {
                if let Some(simd) = pulp::aarch64::Neon::try_new() {
                    return simd.vectorize(Bound { kernel, simd });
                }
            }
            _ => {}
        }
        kernel.run(pulp::Scalar128b)
    }
}

/// Vector instructions with the multiply-add that is fast on them.
pub(crate) trait Lanes: Simd {
    /// `a * b + c` per lane: fused where the processor can, else rounded twice.
    fn multiply_add(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s;
}

impl Lanes for pulp::Scalar128b {
    #[inline(always)]
    fn multiply_add(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
        self.add_f32s(self.mul_f32s(a, b), c)
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! fused {
    ($simd:ty) => {
        impl Lanes for $simd {
            #[inline(always)]
            fn multiply_add(self, a: Self::f32s, b: Self::f32s, c: Self::f32s) -> Self::f32s {
                self.mul_add_f32s(a, b, c)
            }
        }
    };
}
#[cfg(target_arch = "x86_64")]
fused!(pulp::x86::V3);
#[cfg(target_arch = "x86_64")]
fused!(pulp::x86::V4);
#[cfg(target_arch = "aarch64")]
fused!(pulp::aarch64::Neon);

/// A computation written once for every level.
pub(crate) trait Kernel {
    type Output;
    /// Implementations are `#[inline(always)]`, all the way down: only then does the level reach the code.
    fn run<S: Lanes>(self, simd: S) -> Self::Output;
}

/// A kernel and its level.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Bound<K, S> {
    kernel: K,
    simd: S,
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl<K: Kernel, S: Lanes> pulp::NullaryFnOnce for Bound<K, S> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.kernel.run(self.simd)
    }
}

/// `value` where it is above zero or NaN, else zero.
#[inline(always)]
pub(crate) fn keep_where_positive<S: Lanes>(simd: S, sign: S::f32s, value: S::f32s) -> S::f32s {
    let zero = simd.splat_f32s(0.0);
    simd.select_f32s(simd.less_than_or_equal_f32s(sign, zero), zero, value)
}
