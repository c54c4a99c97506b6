//! The macro behind the table of keys, and what it says about each key.

use super::Origin;

/// What the table says about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// The key as written in a file.
    pub key: &'static str,
    /// The heading it belongs to.
    pub section: &'static str,
    /// Whether it changes results, and so belongs to the identity of a run.
    pub identity: bool,
    /// Type and range, or the names it accepts.
    pub expected: String,
    /// The default as written in a file, or in words where it depends on other keys.
    pub default: String,
    /// One sentence.
    pub doc: &'static str,
}

/// The resolved value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key as written in a file.
    pub key: &'static str,
    /// The heading it belongs to.
    pub section: &'static str,
    /// Whether it changes results, and so belongs to the identity of a run.
    pub identity: bool,
    /// The value as written in a file.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

macro_rules! key_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}
pub(super) use key_name;

macro_rules! default_value {
    ([required], $reader:ident, $key:expr) => {
        $reader.required($key)
    };
    ([$default:expr => $words:literal], $reader:ident, $key:expr) => {
        $default
    };
    ([$default:expr], $reader:ident, $key:expr) => {
        $default
    };
}
pub(super) use default_value;

macro_rules! default_words {
    ([required], $type:ty) => {
        "required".to_owned()
    };
    ([$default:expr => $words:literal], $type:ty) => {
        $words.to_owned()
    };
    ([$default:expr], $type:ty) => {
        <$type as $crate::config::ConfigValue>::write(&$default)
    };
}
pub(super) use default_words;

/// Makes `Config`, its reader and its documentation from lines of the form
/// `field ("keyInFile")?: Type = [default], allowed, "doc";`.
///
/// The default is `[required]`, `[value]`, or `[expression => "in words"]`, where the expression may
/// name keys that stand above it.
macro_rules! config_keys {
    ($( $section:literal identity $identity:literal {
        $( $field:ident $($key:literal)? : $type:ty = $default:tt, $allowed:expr, $doc:literal; )+
    } )+) => {
        /// A checked configuration. Every field is a key of the table, with the key's name.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($( #[doc = $doc] pub $field: $type, )+)+
            pub(super) origins: std::collections::BTreeMap<&'static str, $crate::config::Origin>,
        }

        impl Config {
            /// Reads every key; wrong ones are reported to the reader and take their default.
            pub(super) fn read(reader: &mut $crate::config::reader::Reader) -> Self {
                $($(
                    let key = $crate::config::table::key_name!($field $($key)?);
                    let $field: $type = match reader.read(key, &$allowed) {
                        Some(value) => value,
                        None => $crate::config::table::default_value!($default, reader, key),
                    };
                )+)+
                let origins = key_specs()
                    .iter()
                    .map(|spec| (spec.key, reader.origin(spec.key)))
                    .collect();
                Self { $($( $field, )+)+ origins }
            }

            /// Every key with its value and origin, in the order of the table.
            pub fn settings(&self) -> Vec<$crate::config::Setting> {
                vec![$($({
                    let key = $crate::config::table::key_name!($field $($key)?);
                    $crate::config::Setting {
                        key,
                        section: $section,
                        identity: $identity,
                        value: <$type as $crate::config::ConfigValue>::write(&self.$field),
                        origin: self.origin(key),
                    }
                },)+)+]
            }
        }

        /// The table: every key with type, default and meaning.
        pub fn key_specs() -> &'static [$crate::config::KeySpec] {
            static SPECS: std::sync::LazyLock<Vec<$crate::config::KeySpec>> = std::sync::LazyLock::new(|| {
                vec![$($( $crate::config::KeySpec {
                    key: $crate::config::table::key_name!($field $($key)?),
                    section: $section,
                    identity: $identity,
                    expected: <$type as $crate::config::ConfigValue>::describe(&$allowed),
                    default: $crate::config::table::default_words!($default, $type),
                    doc: $doc,
                }, )+)+]
            });
            &SPECS
        }
    };
}
pub(super) use config_keys;
