//! The files that torchvision offers under the name of an architecture (`pretrained=True`, IMAGENET1K_V1).

/// A file of ImageNet weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownWeights {
    /// The architecture.
    pub arch: &'static str,
    /// Name of the file.
    pub file: &'static str,
}

/// Where torchvision's files are.
const FOLDER: &str = "https://download.pytorch.org/models/";

/// One line per architecture.
const KNOWN: &[(&str, &str)] = &[
    ("alexnet", "alexnet-owt-7be5be79.pth"),
    ("vgg11", "vgg11-8a719046.pth"),
    ("vgg13", "vgg13-19584684.pth"),
    ("vgg16", "vgg16-397923af.pth"),
    ("vgg19", "vgg19-dcbb9e9d.pth"),
    ("resnet18", "resnet18-f37072fd.pth"),
    ("resnet34", "resnet34-b627a593.pth"),
    ("resnet50", "resnet50-0676ba61.pth"),
    ("resnet101", "resnet101-63fe2227.pth"),
    ("resnet152", "resnet152-394f9c45.pth"),
    ("densenet121", "densenet121-a639ec97.pth"),
    ("densenet161", "densenet161-8d451a50.pth"),
    ("densenet169", "densenet169-b2777c0a.pth"),
    ("densenet201", "densenet201-c1103571.pth"),
    ("squeezenet1_0", "squeezenet1_0-b66bff10.pth"),
    ("squeezenet1_1", "squeezenet1_1-b8a52dc0.pth"),
];

/// The ImageNet weights of an architecture, if there are any.
pub fn known(arch: &str) -> Option<KnownWeights> {
    let &(arch, file) = KNOWN.iter().find(|(name, _)| *name == arch)?;
    Some(KnownWeights { arch, file })
}

impl KnownWeights {
    /// The folder it is fetched from.
    pub fn folder(&self) -> &'static str {
        FOLDER
    }

    /// The first digits of its SHA-256, which are part of its name.
    pub fn sha256_prefix(&self) -> &'static str {
        let stem = self.file.strip_suffix(".pth").unwrap_or(self.file);
        stem.rsplit('-').next().unwrap_or_default()
    }
}
