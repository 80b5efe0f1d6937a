//! Ids of jobs: `<server>:<five characters in base 36>`.

/// The id of a number on a server.
pub(in crate::mock::control_m) fn job_id(server: &str, number: u64) -> String {
    format!("{server}:{}", base36(number))
}

/// The number in an id; none if it is not one.
pub(in crate::mock::control_m) fn number(job_id: &str) -> Option<u64> {
    let (_, digits) = job_id.rsplit_once(':')?;
    u64::from_str_radix(digits, 36).ok()
}

/// Five characters, as Control-M's order ids have; more when five are not enough.
fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    while number > 0 || digits.len() < 5 {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_ids_count_in_base_36() {
        assert_eq!([base36(0), base36(35), base36(36), base36(52)], ["00000", "0000z", "00010", "0001g"]);
        assert_eq!(base36(36_u64.pow(5)), "100000");
        assert_eq!((number("s:0001g"), number("0001g"), number("s:-"), number("s:")), (Some(52), None, None, None));
    }
}
