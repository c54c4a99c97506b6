//! The mean over several deterministic runs (Lakshminarayanan et al. 2017).

use burn::module::Module;
use burn::tensor::Tensor;
use lam_laplace::predictive::summarise;
use lam_model::{Encoder, load_state, normalise, state_dict};
use rand_chacha::ChaCha12Rng;

use super::parts::{encoder, norms, prefixed, take_prefixed};
use super::{BuildContext, Embedded, Method, Plan, Predict, Report, StepInput, StepReport};
use crate::TrainError;
use crate::checkpoint::MethodState;
use crate::config::Config;
use crate::randomness::Randomness;
use crate::starts::Starts;

/// Members trained one by one, each a deterministic run of its own.
///
/// As in the paper, an embedding is the mean over the members' embeddings, though nothing aligns the axes of one member
/// with those of another; their votes on the nearest neighbour do not depend on axes.
pub(super) struct DeepEnsemble {
    members: Vec<Encoder>,
    seeds: Vec<u64>,
}

impl DeepEnsemble {
    pub(super) fn build(
        context: &BuildContext,
        randomness: Randomness,
    ) -> Result<Box<dyn Method>, TrainError> {
        let seeds = context.config.seeds.clone().unwrap_or_default();
        let members = seeds
            .iter()
            .map(|_| Ok(encoder(context, randomness)?.valid()));
        Ok(Box::new(Self {
            members: members.collect::<Result<_, TrainError>>()?,
            seeds,
        }))
    }
}

impl Method for DeepEnsemble {
    /// The members are trained already.
    fn plan(&self, _: &Config) -> Plan {
        Plan {
            epochs: 0,
            drop_last: true,
            within_files: false,
            augments: false,
        }
    }

    fn initialise(&mut self, starts: &mut Starts) -> Result<(), TrainError> {
        for (member, start) in self.members.iter_mut().zip(starts.members(&self.seeds)?) {
            *member = start.load_into(member.clone())?;
        }
        Ok(())
    }

    fn step(&mut self, _: StepInput, _: Randomness) -> Result<Report, TrainError> {
        Ok(Report::Read(StepReport::default()))
    }

    /// Each member is a sample, however many are asked for.
    fn predictor(&self, _: usize, _: &mut ChaCha12Rng) -> Result<Box<dyn Predict>, TrainError> {
        Ok(Box::new(EnsemblePredictor(self.members.clone())))
    }

    fn state(&self) -> Result<MethodState, TrainError> {
        let members = self.members.iter().enumerate();
        Ok(MethodState {
            tensors: members
                .flat_map(|(i, member)| prefixed(&member_name(i), state_dict(member)))
                .collect(),
            optimizer: Vec::new(),
        })
    }

    fn restore(&mut self, mut state: MethodState) -> Result<(), TrainError> {
        for (i, member) in self.members.iter_mut().enumerate() {
            let stored = take_prefixed(&member_name(i), &mut state.tensors);
            *member = load_state(member.clone(), &stored)?;
        }
        Ok(())
    }
}

fn member_name(index: usize) -> String {
    format!("members.{index}")
}

struct EnsemblePredictor(Vec<Encoder>);

impl Predict for EnsemblePredictor {
    fn embed(&self, images: Tensor<4>) -> Embedded {
        let members = self.0.iter().map(|member| {
            let features = member.backbone.forward(images.clone());
            let norm = norms(features.clone());
            (normalise(member.head.forward(features)), norm)
        });
        let (embeddings, feature_norms): (Vec<Tensor<2>>, Vec<Tensor<1>>) = members.unzip();
        let samples: Tensor<3> = Tensor::stack(embeddings, 1);
        let feature_norm: Tensor<2> = Tensor::stack(feature_norms, 1);
        let embedding = summarise(samples.clone());
        Embedded {
            mean: embedding.mean,
            deviation: Some(embedding.deviation),
            samples: Some(samples),
            feature_norm: feature_norm.mean_dim(1).squeeze_dim(1),
            isotropic: None,
            output_spread: None,
            uncertainty: None,
        }
    }
}
