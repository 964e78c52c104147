//! A yard that sorts wagons.
use std::collections::{self, BTreeMap, hash_map::{Entry, HashMap as Map}};
use crate::rails::Switch;
use super::signals::*;
pub use self::track as line;
extern crate serde;
mod track;

/// How many wagons a track holds.
pub const CAPACITY: usize = 40;
static mut ENGINES: u8 = 3;

/// What a wagon carries.
///
/// The rest of it.
#[derive(Debug, Clone)]
pub struct Wagon<'a> {
    pub load: f64,
    name: &'a str,
}

struct Axle(u8, f32);

pub type Wagons<'a> = Vec<Wagon<'a>>;

/** Which way a switch points. */
pub enum Direction {
    Left,
    Right { degrees: u16 },
}

pub trait Weigh: Sized {
    const UNIT: &'static str;
    type Scale;
    // In tons.
    fn weigh(&self) -> f64;
    fn twice(&self) -> f64 {
        self.weigh() * 2.0
    }
}

impl<'a> Weigh for Wagon<'a> {
    const UNIT: &'static str = "größe 𝒳";
    type Scale = f64;
    fn weigh(&self) -> f64 {
        let local = self.load;
        local
    }
}

impl Wagon<'_> {
    /// A wagon without a load.
    #[must_use]
    pub async fn empty(name: &str) -> Result<Wagon<'_>, Error> {
        Ok(Wagon { load: 0.0, name })
    }
}

#[macro_export]
macro_rules! yard {
    ($($w:expr),*) => { vec![$($w),*] };
}

pub mod sorting {
    use super::*;
    pub fn sort<T: Weigh>(wagons: &mut [T]) -> usize
    where
        T: Clone,
    {
        fn lighter(a: f64, b: f64) -> bool { a < b }
        println!("{}", CAPACITY);
        wagons.len()
    }
}

union Bits { whole: u32, parts: [u8; 4] }
