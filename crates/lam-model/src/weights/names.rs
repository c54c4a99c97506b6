//! What others call our parameters.

use crate::backbone::{Backbone, ConvNet, Trunk};

/// A way to name the parameters of a backbone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// As the network is defined in torchvision.
    Torchvision,
    /// As the children of an `nn.Sequential` of its layers, numbered: the released LAM code and cnnimageretrieval-pytorch.
    Children,
    /// As ours are.
    Ours,
}

impl Naming {
    pub(super) const ALL: [Self; 3] = [Self::Torchvision, Self::Children, Self::Ours];
}

/// The name in torchvision of our backbone's parameter `ours` (`trunk.…`); none for one that is no part of a trunk there.
pub fn torchvision_name(backbone: &Backbone, ours: &str) -> Option<String> {
    match backbone {
        Backbone::Small(_) | Backbone::Given(_) => None,
        Backbone::Retrieval(_) => foreign_name(backbone, ours, Naming::Torchvision),
    }
}

/// The name of our backbone's parameter `ours`; none for one that is no part of the trunk.
pub(super) fn foreign_name(backbone: &Backbone, ours: &str, naming: Naming) -> Option<String> {
    match backbone {
        Backbone::Given(_) => None,
        Backbone::Small(net) => match naming {
            Naming::Ours => Some(ours.to_owned()),
            _ => small_name(net, ours),
        },
        Backbone::Retrieval(net) => {
            let of_trunk = ours.strip_prefix("trunk.")?;
            let name = trunk_name(&net.trunk, &norm_name(of_trunk));
            Some(match naming {
                Naming::Torchvision => name,
                Naming::Children => child_name(&net.trunk, &name),
                Naming::Ours => ours.to_owned(),
            })
        }
    }
}

/// PyTorch's names in a batch norm.
fn norm_name(ours: &str) -> String {
    for (mine, theirs) in [
        (".scale", ".weight"),
        (".shift", ".bias"),
        (".running_variance", ".running_var"),
    ] {
        if let Some(stem) = ours.strip_suffix(mine) {
            return format!("{stem}{theirs}");
        }
    }
    ours.to_owned()
}

fn trunk_name(trunk: &Trunk, ours: &str) -> String {
    let Trunk::Densenet(_) = trunk else {
        return ours.to_owned();
    };
    let parts: Vec<&str> = ours.split('.').collect();
    let counted = |index: &str| index.parse::<usize>().map_or(0, |i| i + 1);
    let name = match parts.as_slice() {
        ["blocks", block, layer, rest @ ..] => format!(
            "denseblock{}.denselayer{}.{}",
            counted(block),
            counted(layer),
            rest.join(".")
        ),
        ["transitions", index, rest @ ..] => {
            format!("transition{}.{}", counted(index), rest.join("."))
        }
        _ => ours.to_owned(),
    };
    format!("features.{name}")
}

/// A torchvision name with its first part replaced by that child's number.
fn child_name(trunk: &Trunk, name: &str) -> String {
    let name = name.strip_prefix("features.").unwrap_or(name);
    let (child, rest) = name.split_once('.').unwrap_or((name, ""));
    let children: &[&str] = match trunk {
        Trunk::Chain(_) => return name.to_owned(),
        Trunk::Resnet(_) => &[
            "conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4",
        ],
        Trunk::Densenet(_) => &[
            "conv0",
            "norm0",
            "relu0",
            "pool0",
            "denseblock1",
            "transition1",
            "denseblock2",
            "transition2",
            "denseblock3",
            "transition3",
            "denseblock4",
            "norm5",
        ],
    };
    match children.iter().position(|known| *known == child) {
        Some(number) => format!("{number}.{rest}"),
        None => name.to_owned(),
    }
}

/// Blocks of a small network are convolution, ReLU and perhaps a pool in a row.
fn small_name(net: &ConvNet, ours: &str) -> Option<String> {
    let (block, parameter) = ours.strip_prefix("blocks.")?.split_once('.')?;
    let before = net.blocks().iter().take(block.parse().ok()?);
    let number: usize = before.map(|b| if b.is_pooled() { 3 } else { 2 }).sum();
    Some(format!("{number}.{parameter}"))
}

/// The name of today where a file has one of before 2018: `denselayer1.norm.1.weight` is `denselayer1.norm1.weight`.
pub(super) fn modern_name(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let mut modern: Vec<String> = Vec::with_capacity(parts.len());
    let mut in_layer = false;
    for part in parts {
        match modern.last_mut() {
            Some(last)
                if in_layer
                    && matches!(last.as_str(), "norm" | "conv")
                    && matches!(part, "1" | "2") =>
            {
                last.push_str(part);
            }
            _ => modern.push(part.to_owned()),
        }
        in_layer |= part.starts_with("denselayer");
    }
    modern.join(".")
}
