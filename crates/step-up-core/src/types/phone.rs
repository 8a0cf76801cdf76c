//! Phone numbers.

use core::fmt;

#[cfg(feature = "otp")]
use super::Credential;

/// Country calling codes ([ITU-T E.164](https://www.itu.int/rec/T-REC-E.164)), each with the country that it stands for
/// where nothing else is known. No code is the beginning of another.
const CALLING_CODES: &str = "US1 RU7 EG20 ZA27 GR30 NL31 BE32 FR33 ES34 HU36 IT39 RO40 CH41 AT43 GB44 DK45 SE46 NO47 PL48 \
DE49 PE51 MX52 CU53 AR54 BR55 CL56 CO57 VE58 MY60 AU61 ID62 PH63 NZ64 SG65 TH66 JP81 KR82 VN84 CN86 TR90 IN91 PK92 AF93 LK94 \
MM95 IR98 SS211 MA212 DZ213 TN216 LY218 GM220 SN221 MR222 ML223 GN224 CI225 BF226 NE227 TG228 BJ229 MU230 LR231 SL232 GH233 \
NG234 TD235 CF236 CM237 CV238 ST239 GQ240 GA241 CG242 CD243 AO244 GW245 IO246 SC248 SD249 RW250 ET251 SO252 DJ253 KE254 \
TZ255 UG256 BI257 MZ258 ZM260 MG261 RE262 ZW263 NA264 MW265 LS266 BW267 SZ268 KM269 SH290 ER291 AW297 FO298 GL299 GI350 \
PT351 LU352 IE353 IS354 AL355 MT356 CY357 FI358 BG359 LT370 LV371 EE372 MD373 AM374 BY375 AD376 MC377 SM378 UA380 RS381 \
ME382 XK383 HR385 SI386 BA387 MK389 CZ420 SK421 LI423 FK500 BZ501 GT502 SV503 HN504 NI505 CR506 PA507 PM508 HT509 GP590 \
BO591 GY592 EC593 GF594 PY595 MQ596 SR597 UY598 CW599 TL670 NF672 BN673 NR674 PG675 TO676 SB677 VU678 FJ679 PW680 WF681 \
CK682 NU683 WS685 KI686 NC687 TV688 PF689 TK690 FM691 MH692 KP850 HK852 MO853 KH855 LA856 BD880 TW886 MV960 LB961 JO962 \
SY963 IQ964 KW965 SA966 YE967 OM968 PS970 AE971 IL972 BH973 QA974 BT975 MN976 NP977 TJ992 TM993 AZ994 GE995 KG996 UZ998";

/// The digits that a number has at most, with its country calling code (E.164 §6).
const MAX_DIGITS: usize = 15;

/// The digits that make a number at all.
const MIN_DIGITS: usize = 5;

/// A phone number as the service wants it: country calling code, number and country.
///
/// ```
/// use step_up_core::PhoneNumber;
///
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
        let (country, code) = CALLING_CODES
            .split_ascii_whitespace()
            .map(|entry| entry.split_at(2))
            .find(|(_, code)| digits.starts_with(code))?;
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
        let entries: Vec<_> = CALLING_CODES.split_ascii_whitespace().map(|entry| entry.split_at(2)).collect();
        for (country, code) in &entries {
            assert!(country.bytes().all(|letter| letter.is_ascii_uppercase()), "{country}");
            assert!(code.parse::<u16>().is_ok_and(|code| code > 0), "{country} {code}");
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
