//! Phone numbers.

use core::fmt;

#[cfg(feature = "otp")]
use super::Credential;

/// Country calling codes ([ITU-T E.164](https://www.itu.int/rec/T-REC-E.164)), each with the country that it stands for
/// where nothing else is known: a code, and the countries of this and the following ones. No code is the beginning of
/// another.
const CALLING_CODES: &str = "1US 7RU 20EG 27ZA 30GRNLBEFRES 36HU 39ITROCH 43ATGBDKSENOPLDE 51PEMXCUARBRCLCOVE 60MYAUIDPHNZSGTH 81JPKR 84VN \
86CN 90TRINPKAFLKMM 98IR 211SSMADZ 216TN 218LY 220GMSNMRMLGNCIBFNETGBJMULRSLGHNGTDCFCMCVSTGQGACGCDAOGWIO \
248SCSDRWETSODJKETZUGBIMZ 260ZMMGREZWNAMWLSBWSZKM 290SHER 297AWFOGL 350GIPTLUIEISALMTCYFIBG \
370LTLVEEMDAMBYADMCSM 380UARSMEXK 385HRSIBA 389MK 420CZSK 423LI 500FKBZGTSVHNNICRPAPMHT \
590GPBOGYECGFPYMQSRUYCW 670TL 672NFBNNRPGTOSBVUFJPWWFCKNU 685WSKINCTVPFTKFMMH 850KP 852HKMO 855KHLA 880BD \
886TW 960MVLBJOSYIQKWSAYEOM 970PSAEILBHQABTMNNP 992TJTMAZGEKG 998UZ";

/// The digits that a number has at most, with its country calling code (E.164 §6).
const MAX_DIGITS: usize = 15;

/// The digits that make a number at all.
const MIN_DIGITS: usize = 5;

/// A phone number as the service wants it: country calling code, number and country.
///
/// ```
/// # use step_up_core::PhoneNumber;
/// let number = PhoneNumber::parse("+1 (555) 010-0100").unwrap();
/// assert_eq!(number.as_str(), "+15550100100");
/// assert_eq!((number.calling_code(), number.national()), ("1", "5550100100"));
/// // Many countries share the code 1. Say which, where you know.
/// assert_eq!(number.country(), "US");
/// assert_eq!(number.in_country("CA").country(), "CA");
/// assert!(PhoneNumber::parse("555 0100").is_none(), "a number needs its country calling code");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber {
    /// `+`, the calling code, the number.
    text: Box<str>,
    code_digits: usize,
    country: Box<str>,
}

impl PhoneNumber {
    /// Reads a number that begins with `+` and its country calling code. Spaces and the usual punctuation are skipped.
    /// `None` where it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = digits(text.trim().strip_prefix('+')?)?;
        let (country, code) = CALLING_CODES.split_ascii_whitespace().find_map(|run| in_run(run, &digits))?;
        Self::new(country, code, &digits[code.len()..])
    }

    /// A number by its parts: the ISO 3166-1 alpha-2 country, the country calling code with or without `+`, and the rest.
    /// `None` where they make no number.
    #[must_use]
    pub fn new(country: &str, calling_code: &str, national: &str) -> Option<Self> {
        let code = digits(calling_code.trim().trim_start_matches('+'))?;
        let text = format!("+{code}{}", digits(national)?);
        let is_country = country.len() == 2 && country.bytes().all(|letter| letter.is_ascii_alphabetic());
        let is_number =
            (1..=3).contains(&code.len()) && (MIN_DIGITS..=MAX_DIGITS).contains(&(text.len() - 1));
        (is_country && is_number).then(|| Self {
            text: text.into(),
            code_digits: code.len(),
            country: country.to_ascii_uppercase().into(),
        })
    }

    /// The number of a credential. A country that the credential does not name is the main one of its calling code.
    #[cfg(feature = "otp")]
    pub(crate) fn of(credential: &Credential) -> Option<Self> {
        let code = credential.phone_country_code.as_deref()?;
        let national = credential.phone_number.as_deref()?;
        match credential.iso_country_code.as_deref() {
            Some(country) => Self::new(country, code, national),
            None => Self::parse(&format!("+{}{national}", code.trim_start_matches('+'))),
        }
    }

    /// The same number in another country of its calling code. What is no country changes nothing.
    #[must_use]
    pub fn in_country(self, country: &str) -> Self {
        Self::new(country, self.calling_code(), self.national()).unwrap_or(self)
    }

    /// The whole number, as it is dialled from anywhere.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The country calling code, without `+`.
    #[must_use]
    pub fn calling_code(&self) -> &str {
        &self.text[1..=self.code_digits]
    }

    /// The number without its country calling code.
    #[must_use]
    pub fn national(&self) -> &str {
        &self.text[1 + self.code_digits..]
    }

    /// The ISO 3166-1 alpha-2 country.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The country and the code that the number begins with, if they are in this run of [`CALLING_CODES`].
fn in_run<'a>(run: &'a str, number: &'a str) -> Option<(&'a str, &'a str)> {
    let (first, countries) = run.split_at(run.find(|c: char| c.is_ascii_uppercase())?);
    let code = number.get(..first.len())?;
    let place = usize::try_from(code.parse::<i64>().ok()? - first.parse::<i64>().ok()?).ok()?;
    Some((countries.get(2 * place..2 * place + 2)?, code))
}

/// The digits of what people type; `None` where there is anything else, or nothing.
fn digits(text: &str) -> Option<String> {
    let mut digits = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' => digits.push(character),
            ' ' | '\u{a0}' | '-' | '.' | '(' | ')' | '/' => {}
            _ => return None,
        }
    }
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
#[cfg(feature = "otp")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::CredentialFormat;

    fn credential(code: &str, number: &str, country: Option<&str>) -> Credential {
        Credential {
            phone_country_code: Some(code.into()),
            phone_number: Some(number.into()),
            iso_country_code: country.map(Into::into),
            ..Credential::new("phone", CredentialFormat::PhoneNumber)
        }
    }

    #[test]
    fn no_calling_code_begins_another_and_each_stands_for_one_country() {
        let codes: Vec<String> = (1..1000).map(|code: u16| code.to_string()).collect();
        let entries: Vec<(&str, &str)> = codes
            .iter()
            .flat_map(|code| {
                let of_length =
                    move |run: &&str| run.trim_end_matches(char::is_alphabetic).len() == code.len();
                let runs = CALLING_CODES.split_ascii_whitespace().filter(of_length);
                runs.filter_map(|run| in_run(run, code))
            })
            .collect();
        assert_eq!(entries.len(), 205);
        assert!(
            entries.contains(&("ES", "34"))
                && entries.contains(&("SN", "221"))
                && entries.contains(&("UZ", "998"))
        );
        for (country, code) in &entries {
            assert!(country.bytes().all(|letter| letter.is_ascii_uppercase()), "{country}");
            let same = entries.iter().filter(|(_, other)| other.starts_with(code)).count();
            assert_eq!(same, 1, "{country} {code}");
        }
    }

    #[test]
    fn the_country_is_the_credentials_else_the_main_one_of_its_code() {
        let country = |code: &str, country: Option<&str>| {
            PhoneNumber::of(&credential(code, "5550100100", country)).unwrap().country().to_owned()
        };
        assert_eq!(country("1", None), "US", "not CA");
        assert_eq!(country("+1", None), "US");
        assert_eq!(country("1", Some("CA")), "CA");
        assert_eq!(country("+44", None), "GB");
        assert_eq!(country("7", Some("kz")), "KZ");
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in
            ["", "+", "5550100", "+1", "+999 1234567", "+1 555 CALL", "+1+555 0100", "+12345678901234567"]
        {
            assert_eq!(PhoneNumber::parse(text), None, "{text}");
        }
        assert_eq!(PhoneNumber::new("USA", "1", "5550100100"), None);
        assert_eq!(PhoneNumber::new("US", "", "5550100100"), None);
        assert_eq!(PhoneNumber::of(&Credential::new("x", CredentialFormat::PhoneNumber)), None);
    }

    proptest! {
        #[test]
        fn a_number_is_read_as_it_is_shown(text: String, national in "[1-9][0-9]{5,10}", code in "(1|49|358|998)") {
            let _ = PhoneNumber::parse(&text);
            let number = PhoneNumber::parse(&format!("+{code} {national}")).unwrap();
            prop_assert_eq!((number.calling_code(), number.national()), (code.as_str(), national.as_str()));
            prop_assert_eq!(PhoneNumber::parse(&number.to_string()), Some(number));
        }
    }
}
