//! Looked-up randomness: a decision is a hash of who asks for what, never the next number of a stream.
//!
//! Removing one call or one fault from a scenario therefore moves no other decision, which is what makes
//! reduction and replay possible. Ids come from here too.

/// The scenario's source of every arbitrary choice.
#[derive(Clone, Copy, Debug)]
pub struct Chance {
    seed: u64,
}

/// The 57 letters of LiveKit's short ids: no `0`, `1`, `I`, `O` or `l`.
const ID_ALPHABET: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
/// Letters behind the prefix of a LiveKit id.
const ID_LETTERS: usize = 12;
/// As many numbers as half of the letters can tell apart.
const ID_HALF: u128 = 57_u128.pow(ID_LETTERS as u32 / 2);

impl Chance {
    /// The choices that belong to a scenario's `seed`.
    pub const fn new(seed: u64) -> Chance {
        Chance { seed }
    }

    /// 64 bits for decision number `counter` that `concern` (what is decided) takes about `entity` (its name
    /// and attempt).
    pub fn draw(self, concern: &str, entity: &str, counter: u64) -> u64 {
        u64::from_le_bytes(self.hash(concern, entity, counter)[..8].try_into().expect("eight bytes"))
    }

    /// An id as LiveKit makes them: `prefix` and twelve letters, for `entity` of the kind that the prefix names.
    pub fn id(self, prefix: &str, entity: &str, counter: u64) -> String {
        let hash = self.hash(prefix, entity, counter);
        let number = u128::from_le_bytes(hash[..16].try_into().expect("sixteen bytes"));
        let mut id = String::with_capacity(prefix.len() + ID_LETTERS);
        id.push_str(prefix);
        // Two halves, because dividing 128 bits for each letter is slow.
        for half in [number, number / ID_HALF] {
            let mut half = (half % ID_HALF) as u64;
            for _ in 0..ID_LETTERS / 2 {
                id.push(char::from(ID_ALPHABET[(half % 57) as usize]));
                half /= 57;
            }
        }
        id
    }

    fn hash(self, concern: &str, entity: &str, counter: u64) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes());
        hasher.update(&counter.to_le_bytes());
        hasher.update(&(concern.len() as u64).to_le_bytes());
        hasher.update(concern.as_bytes());
        hasher.update(entity.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_depends_on_everything_it_is_asked_with() {
        let chance = Chance::new(7);
        let here = chance.draw("latency", "standup-1", 0);
        assert_eq!(here, Chance::new(7).draw("latency", "standup-1", 0));
        for other in [
            Chance::new(8).draw("latency", "standup-1", 0),
            chance.draw("latency", "standup-1", 1),
            chance.draw("latency", "standup-2", 0),
            chance.draw("latencys", "tandup-1", 0),
        ] {
            assert_ne!(here, other);
        }
    }

    #[test]
    fn ids_have_livekits_shape() {
        let id = Chance::new(0).id("EG_", "standup-1", 1);
        assert_eq!(id.len(), 15);
        assert!(id.bytes().skip(3).all(|letter| ID_ALPHABET.contains(&letter)));
    }
}
