//! The Hessian of a batch's pairs in the outputs `z`, without a matrix per pair.
//!
//! Summed over all counted pairs it consists of self terms `C_b [D, D]`, one for every sample, and, unless they are
//! left out, cross terms `N[a,b] E_ab [D, D]` of every two samples:
//! ```text
//! C_b  = α_b I + u_b p_bᵀ + p_b u_bᵀ
//! contrastive  α_b = n_b/r_b²,  p_b = −½ α_b u_b                    n_b = Σ_a N[a,b]; for `fix` Σ_a S[a,b]
//! arccos       α_b = s_b/r_b²,  p_b = (V_b − 3/2 s_b u_b)/r_b²      V = N u, s_b = u_b·V_b = Σ_a N[a,b] c_ab
//! E_ab = −P_a P_b = −[I − u_a u_aᵀ − u_b u_bᵀ + c_ab u_a u_bᵀ] / (r_a r_b)        P = (I − u uᵀ)/r
//! ```
//! where `S` are the signed counts (row = anchor) and `N = S + Sᵀ` those in both directions.

use burn::tensor::Tensor;
use lam_model::miner::PairCounts;

use super::{Approximation, PairHessian};
use crate::unit::{inverse_norm, unit};

/// Elements of the largest intermediate of the closed forms by tensors (64 MiB in `f32`).
pub(super) const LARGEST_INTERMEDIATE: usize = 1 << 24;

/// What the pair Hessians of a batch are made of.
pub(super) struct PairTerms {
    /// `u`, `[B, D]`.
    pub(super) units: Tensor<2>,
    /// `1/r`, `[B, 1]`.
    pub(super) inverse_norms: Tensor<2>,
    /// `α`, `[B, 1]`.
    pub(super) alpha: Tensor<2>,
    /// `p`, `[B, D]`.
    pub(super) pull: Tensor<2>,
    /// `N`, `[B, B]`; `None` where cross terms are left out.
    pub(super) crossing: Option<Tensor<2>>,
}

impl PairTerms {
    /// Of embeddings before the normalisation `[B, D]` and counts `[B, B]`, without gradient.
    pub(super) fn new(
        embeddings: Tensor<2>,
        counts: &PairCounts,
        hessian: PairHessian,
        approximation: Approximation,
    ) -> Self {
        let positives = counts.positives.clone().without_autodiff();
        let signed = match approximation {
            Approximation::Pos => positives,
            Approximation::Full | Approximation::Fix => {
                positives - counts.negatives.clone().without_autodiff()
            }
        };
        let both_ways = signed.clone() + signed.clone().transpose();
        let embeddings = embeddings.without_autodiff();
        let units = unit(embeddings.clone());
        let inverse_norms = inverse_norm(embeddings);
        let squares = inverse_norms.clone().square();
        let (alpha, pull) = match hessian {
            PairHessian::Contrastive => {
                let touching = match approximation {
                    Approximation::Fix => signed.sum_dim(0),
                    Approximation::Full | Approximation::Pos => both_ways.clone().sum_dim(0),
                };
                let alpha = touching.transpose() * squares;
                (alpha.clone(), units.clone() * alpha * -0.5)
            }
            PairHessian::Arccos => {
                let pull = both_ways.clone().matmul(units.clone());
                let cosines = (units.clone() * pull.clone()).sum_dim(1);
                let pull = pull - units.clone() * cosines.clone() * 1.5;
                (cosines * squares.clone(), pull * squares)
            }
        };
        Self {
            units,
            inverse_norms,
            alpha,
            pull,
            crossing: match approximation {
                Approximation::Fix => None,
                Approximation::Full | Approximation::Pos => Some(both_ways),
            },
        }
    }

    /// Entries `(k, k)` of the self terms, `[B, D]`.
    pub(super) fn self_diagonal(&self) -> Tensor<2> {
        self.units.clone() * self.pull.clone() * 2.0 + self.alpha.clone()
    }

    /// Entries `(k, l)` of the Hessian between all samples, `[B, B]`: the self terms on the diagonal, the cross terms
    /// everywhere.
    pub(super) fn between(&self, k: usize, l: usize) -> Tensor<2> {
        let of = |t: &Tensor<2>, k: usize| t.clone().narrow(1, k, 1);
        let (u_k, u_l) = (of(&self.units, k), of(&self.units, l));
        let (p_k, p_l) = (of(&self.pull, k), of(&self.pull, l));
        let same = if k == l { 1.0 } else { 0.0 };
        let own = u_k.clone() * p_l + p_k * u_l.clone() + self.alpha.clone() * same;
        let batch = own.dims()[0];
        let own = identity(batch, &own) * own;
        match self.scaled_counts() {
            None => own,
            Some(scaled) => {
                let at_a = (u_k.clone() * u_l.clone()).expand([batch, batch]);
                let cosines = self.cosines();
                let cross =
                    at_a.clone() + at_a.transpose() - cosines * u_k.matmul(u_l.transpose()) - same;
                own + scaled * cross
            }
        }
    }

    /// `N[a,b] / (r_a r_b)`, `[B, B]`, where there are cross terms.
    pub(super) fn scaled_counts(&self) -> Option<Tensor<2>> {
        let inverse = self.inverse_norms.clone();
        let crossing = self.crossing.clone()?;
        Some(crossing * inverse.clone() * inverse.transpose())
    }

    /// `c_ab = u_a·u_b`, `[B, B]`.
    pub(super) fn cosines(&self) -> Tensor<2> {
        self.units.clone().matmul(self.units.clone().transpose())
    }
}

/// The identity matrix, of the type of `like` and on its device.
pub(super) fn identity(size: usize, like: &Tensor<2>) -> Tensor<2> {
    Tensor::<2>::eye(size, &like.device()).cast(like.dtype())
}
