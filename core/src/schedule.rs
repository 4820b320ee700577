//! How the weight of a ramp follows the clock.

/// A ramp by schedule. Weights are basis points, times milliseconds since 1970 and durations
/// milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Schedule {
    /// From one weight to another in a straight line.
    Linear {
        /// When it begins.
        start: u64,
        /// Weight at the beginning.
        from: u16,
        /// Weight at the end and ever after.
        to: u16,
        /// How long it takes; at least 1.
        over: u64,
    },
    /// One weight after the other.
    Steps {
        /// When the first step begins.
        start: u64,
        /// The weights, rising; at least one.
        steps: Vec<u16>,
        /// How long each but the last is held; at least 1.
        every: u64,
    },
}

impl Schedule {
    /// The weight at a time, or nothing before the schedule begins. Never falls as time goes on.
    pub fn weight(&self, now: u64) -> Option<u16> {
        match self {
            Self::Linear {
                start,
                from,
                to,
                over,
            } => {
                let elapsed = now.checked_sub(*start)?.min(*over);
                // At most 10^4 * 3.2 * 10^11 (ten years): far below 2^64. Not above `to`.
                Some(from + (u64::from(to - from) * elapsed / over) as u16)
            }
            Self::Steps {
                start,
                steps,
                every,
            } => {
                let step = now.checked_sub(*start)? / every;
                let last = steps.len().checked_sub(1)?;
                steps
                    .get(usize::try_from(step).map_or(last, |step| step.min(last)))
                    .copied()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linear() {
        let schedule = Schedule::Linear {
            start: 1_000,
            from: 1_000,
            to: 10_000,
            over: 7_200_000,
        };
        assert_eq!(schedule.weight(999), None);
        assert_eq!(schedule.weight(1_000), Some(1_000));
        assert_eq!(schedule.weight(1_000 + 3_600_000), Some(5_500));
        assert_eq!(schedule.weight(1_000 + 7_199_999), Some(9_999));
        assert_eq!(schedule.weight(1_000 + 7_200_000), Some(10_000));
        assert_eq!(schedule.weight(u64::MAX), Some(10_000));
    }

    #[test]
    fn steps() {
        let schedule = Schedule::Steps {
            start: 10,
            steps: vec![1_000, 5_000],
            every: 100,
        };
        assert_eq!(schedule.weight(9), None);
        assert_eq!(schedule.weight(10), Some(1_000));
        assert_eq!(schedule.weight(109), Some(1_000));
        assert_eq!(schedule.weight(110), Some(5_000));
        assert_eq!(schedule.weight(u64::MAX), Some(5_000));
    }
}
