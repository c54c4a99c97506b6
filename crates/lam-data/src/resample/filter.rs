/// Kernel of a resampling. Where a picture shrinks it widens with the scale, which is the antialiasing of
/// torchvision and Pillow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Triangle, 1 pixel to each side.
    Bilinear,
    /// Keys' cubic with a = −0.5, 2 pixels to each side.
    Bicubic,
}

impl Filter {
    /// Pixels to each side of the centre that it reaches.
    pub(super) fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// Weight at a distance of `x` pixels. The order of operations is Pillow's, for the same bits.
    pub(super) fn weight(self, x: f64) -> f64 {
        const A: f64 = -0.5;
        let x = x.abs();
        match self {
            Self::Bilinear if x < 1.0 => 1.0 - x,
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            _ => 0.0,
        }
    }
}
