use std::time::Duration;

use crate::RemoteError;

/// Something that failed and is about to be tried again.
#[derive(Debug)]
pub struct Retrying<'e> {
    /// What went wrong.
    pub error: &'e RemoteError,
    /// Tries so far.
    pub tries: u32,
    /// Time until the next one.
    pub delay: Duration,
}

/// How often, and after what time, a call is repeated that failed for want of a connection or of a server
/// that is ready. The time doubles from try to try; half of it is drawn, from a generator that begins with
/// `seed`, so that many clients with different seeds do not all come back at once.
#[derive(Clone, Copy)]
pub struct Retry<'a> {
    /// Tries in all, at least 1.
    pub tries: u32,
    /// Longest first delay.
    pub first: Duration,
    /// Longest delay.
    pub longest: Duration,
    /// Where the generator begins.
    pub seed: u64,
    /// Told of every failure that is not the last.
    pub notify: &'a dyn Fn(&Retrying<'_>),
}

impl std::fmt::Debug for Retry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Retry")
            .field("tries", &self.tries)
            .field("first", &self.first)
            .field("longest", &self.longest)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl<'a> Retry<'a> {
    /// Waits about half a minute in all: a server may restart meanwhile.
    pub fn patient() -> Self {
        Self {
            tries: 8,
            first: Duration::from_millis(500),
            longest: Duration::from_secs(10),
            seed: 0,
            notify: &|_| {},
        }
    }

    /// The same with another listener.
    pub fn notifying(self, notify: &'a dyn Fn(&Retrying<'_>)) -> Self {
        Self { notify, ..self }
    }

    /// For the first contact: a host that is not there is more often misspelt than restarting.
    pub(crate) fn brief(self) -> Self {
        let tries = self.tries.min(3);
        Self { tries, ..self }
    }

    /// The delay after so many tries.
    pub fn delay(&self, tries: u32) -> Duration {
        let doublings = tries.saturating_sub(1).min(31);
        let longest = self.first.saturating_mul(1 << doublings).min(self.longest);
        let drawn = mix(self.seed.wrapping_add(u64::from(tries)));
        // 53 bits, as a share.
        let share = (drawn >> 11) as f64 / (1u64 << 53) as f64;
        longest.mul_f64(0.5 + 0.5 * share)
    }

    /// Calls `work` until it succeeds, fails for good, or has been tried often enough.
    pub(crate) fn run<T>(
        &self,
        mut work: impl FnMut() -> Result<T, RemoteError>,
    ) -> Result<T, RemoteError> {
        let mut tries = 1;
        loop {
            match work() {
                Err(error) if error.is_transient() && tries < self.tries => {
                    let delay = self.delay(tries);
                    (self.notify)(&Retrying {
                        error: &error,
                        tries,
                        delay,
                    });
                    std::thread::sleep(delay);
                    tries += 1;
                }
                other => return other,
            }
        }
    }
}

/// SplitMix64.
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
