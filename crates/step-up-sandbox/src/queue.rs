//! A first-in, first-out list in the store: what is oldest is found, and forgotten, without reading the rest.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    store::{StoreError, Table},
    world::{COUNTERS, World},
};

/// Entries in the order in which they were appended.
pub(crate) struct Queue<T> {
    /// By number, from the first that is left to the last.
    entries: Table<T>,
}

impl<T: Serialize + DeserializeOwned> Queue<T> {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { entries: Table::new(name) }
    }

    pub(crate) const fn name(&self) -> &'static str {
        self.entries.name()
    }

    /// Appends an entry.
    pub(crate) fn push(&self, world: &mut World<'_>, entry: &T) -> Result<(), StoreError> {
        let next = self.counter(world, Counter::Next)?;
        self.entries.put(&mut world.tx, &key_of(next), entry)?;
        self.set_counter(world, Counter::Next, next + 1)
    }

    /// Returns the oldest entry.
    pub(crate) fn first(&self, world: &World<'_>) -> Result<Option<T>, StoreError> {
        let first = self.counter(world, Counter::First)?;
        self.entries.get(&world.tx, &key_of(first))
    }

    /// Removes the oldest entry, if there are any.
    pub(crate) fn pop(&self, world: &mut World<'_>) -> Result<(), StoreError> {
        if self.len(world)? == 0 {
            return Ok(());
        }
        let first = self.counter(world, Counter::First)?;
        self.entries.delete(&mut world.tx, &key_of(first));
        self.set_counter(world, Counter::First, first + 1)
    }

    /// Returns how many entries are left.
    pub(crate) fn len(&self, world: &World<'_>) -> Result<u64, StoreError> {
        let first = self.counter(world, Counter::First)?;
        Ok(self.counter(world, Counter::Next)?.saturating_sub(first))
    }

    fn counter(&self, world: &World<'_>, counter: Counter) -> Result<u64, StoreError> {
        Ok(COUNTERS.get(&world.tx, &self.counter_key(counter))?.unwrap_or(0))
    }

    fn set_counter(&self, world: &mut World<'_>, counter: Counter, value: u64) -> Result<(), StoreError> {
        COUNTERS.put(&mut world.tx, &self.counter_key(counter), &value)
    }

    fn counter_key(&self, counter: Counter) -> String {
        let end = match counter {
            Counter::First => "first",
            Counter::Next => "next",
        };
        format!("{}/{end}", self.name())
    }
}

/// The two ends of a queue.
#[derive(Clone, Copy)]
enum Counter {
    First,
    Next,
}

fn key_of(number: u64) -> String {
    format!("{number:020}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::in_empty_world;

    const QUEUE: Queue<u32> = Queue::new("numbers");

    #[test]
    fn entries_leave_in_the_order_in_which_they_came() {
        in_empty_world(|world| {
            QUEUE.pop(world).unwrap();
            assert_eq!((QUEUE.first(world).unwrap(), QUEUE.len(world).unwrap()), (None, 0));
            for number in 0..12 {
                QUEUE.push(world, &number).unwrap();
            }
            for number in 0..12 {
                assert_eq!(QUEUE.first(world).unwrap(), Some(number));
                assert_eq!(QUEUE.len(world).unwrap(), u64::from(12 - number));
                QUEUE.pop(world).unwrap();
            }
            assert_eq!((QUEUE.first(world).unwrap(), QUEUE.len(world).unwrap()), (None, 0));
            QUEUE.push(world, &7).unwrap();
            assert_eq!((QUEUE.first(world).unwrap(), QUEUE.len(world).unwrap()), (Some(7), 1));
        });
    }
}
