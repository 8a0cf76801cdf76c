//! Phone numbers, in the one form in which they are compared.

use serde::{Deserialize, Serialize};

use crate::reply::{Outcome, Refusal};

/// A number that could be one by the rules of [E.164](https://www.itu.int/rec/T-REC-E.164): at most fifteen digits, of
/// which the first are a country's calling code. Whether anybody has it is the network's to say.
#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Phone {
    country_code: String,
    national: String,
    /// Which of the countries that share the calling code; it says nothing about the number.
    iso: String,
}

/// How many digits a number has with its calling code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

impl Phone {
    /// A number from the parts in which clients send it, digits only: the calling code without `+`, the rest of the
    /// number, and a country that has this calling code, as ISO 3166-1 alpha-2 in upper case.
    ///
    /// For countries of the North American plan, clients send the area code with the calling code ("1242") or with the
    /// number; both are the same number.
    pub(crate) fn parse(country_code: &str, national: &str, iso: &str) -> Outcome<Self> {
        let (code, area) = match country_code {
            code if code.len() == 4 && code.starts_with('1') => code.split_at(1),
            code => (code, ""),
        };
        let national = format!("{area}{national}");
        let Some((_, countries)) = CALLING_CODES.iter().find(|(known, _)| *known == code) else {
            return Err(invalid("There is no such calling code.").into());
        };
        if iso.len() != 2 || !countries.split(' ').any(|known| known == iso) {
            return Err(invalid("The country and the calling code do not belong together.").into());
        }
        let is_number = national.bytes().all(|byte| byte.is_ascii_digit())
            && national.len() >= 4
            && DIGITS.contains(&(code.len() + national.len()));
        if !is_number {
            return Err(invalid("That is no phone number.").into());
        }
        Ok(Self { country_code: code.to_owned(), national, iso: iso.to_owned() })
    }

    /// A number as one text, such as `+15555550100`. No calling code is the start of another, so there is one way to
    /// take it apart; the country is the largest that has the calling code.
    pub(crate) fn from_e164(text: &str) -> Outcome<Self> {
        let digits = text.strip_prefix('+').ok_or_else(|| invalid("A phone number starts with a +."))?;
        let split = CALLING_CODES
            .iter()
            .find_map(|(code, countries)| Some((code, digits.strip_prefix(code)?, countries)));
        match split {
            Some((code, national, countries)) => Self::parse(code, national, &countries[..2]),
            None => Err(invalid("There is no such calling code.").into()),
        }
    }

    /// Calling code and number as one text.
    pub(crate) fn e164(&self) -> String {
        format!("+{}{}", self.country_code, self.national)
    }

    /// The calling code, without `+`.
    pub(crate) fn country_code(&self) -> &str {
        &self.country_code
    }

    /// The number without its calling code.
    pub(crate) fn national(&self) -> &str {
        &self.national
    }

    /// The country, as ISO 3166-1 alpha-2.
    pub(crate) fn iso(&self) -> &str {
        &self.iso
    }
}

/// The same number is the same, whichever of the countries that share its calling code it was given with.
impl PartialEq for Phone {
    fn eq(&self, other: &Self) -> bool {
        self.country_code == other.country_code && self.national == other.national
    }
}

fn invalid(sentence: &str) -> Refusal {
    Refusal::unprocessable("invalid_phone", sentence)
}

/// The countries that codes are sent to, by their calling code
/// ([ITU, list of assigned codes](https://www.itu.int/pub/T-SP-E.164D)); the largest of each is the first.
const CALLING_CODES: [(&str, &str); 207] = [
    ("1", "US CA AG AI AS BB BM BS DM DO GD GU JM KN KY LC MP MS PR SX TC TT VC VG VI"),
    ("7", "RU KZ"),
    ("20", "EG"),
    ("27", "ZA"),
    ("30", "GR"),
    ("31", "NL"),
    ("32", "BE"),
    ("33", "FR"),
    ("34", "ES"),
    ("36", "HU"),
    ("39", "IT VA"),
    ("40", "RO"),
    ("41", "CH"),
    ("43", "AT"),
    ("44", "GB GG IM JE"),
    ("45", "DK"),
    ("46", "SE"),
    ("47", "NO SJ"),
    ("48", "PL"),
    ("49", "DE"),
    ("51", "PE"),
    ("52", "MX"),
    ("53", "CU"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("58", "VE"),
    ("60", "MY"),
    ("61", "AU CC CX"),
    ("62", "ID"),
    ("63", "PH"),
    ("64", "NZ"),
    ("65", "SG"),
    ("66", "TH"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("86", "CN"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("93", "AF"),
    ("94", "LK"),
    ("95", "MM"),
    ("98", "IR"),
    ("211", "SS"),
    ("212", "MA EH"),
    ("213", "DZ"),
    ("216", "TN"),
    ("218", "LY"),
    ("220", "GM"),
    ("221", "SN"),
    ("222", "MR"),
    ("223", "ML"),
    ("224", "GN"),
    ("225", "CI"),
    ("226", "BF"),
    ("227", "NE"),
    ("228", "TG"),
    ("229", "BJ"),
    ("230", "MU"),
    ("231", "LR"),
    ("232", "SL"),
    ("233", "GH"),
    ("234", "NG"),
    ("235", "TD"),
    ("236", "CF"),
    ("237", "CM"),
    ("238", "CV"),
    ("239", "ST"),
    ("240", "GQ"),
    ("241", "GA"),
    ("242", "CG"),
    ("243", "CD"),
    ("244", "AO"),
    ("245", "GW"),
    ("246", "IO"),
    ("247", "AC"),
    ("248", "SC"),
    ("249", "SD"),
    ("250", "RW"),
    ("251", "ET"),
    ("252", "SO"),
    ("253", "DJ"),
    ("254", "KE"),
    ("255", "TZ"),
    ("256", "UG"),
    ("257", "BI"),
    ("258", "MZ"),
    ("260", "ZM"),
    ("261", "MG"),
    ("262", "RE YT"),
    ("263", "ZW"),
    ("264", "NA"),
    ("265", "MW"),
    ("266", "LS"),
    ("267", "BW"),
    ("268", "SZ"),
    ("269", "KM"),
    ("290", "SH"),
    ("291", "ER"),
    ("297", "AW"),
    ("298", "FO"),
    ("299", "GL"),
    ("350", "GI"),
    ("351", "PT"),
    ("352", "LU"),
    ("353", "IE"),
    ("354", "IS"),
    ("355", "AL"),
    ("356", "MT"),
    ("357", "CY"),
    ("358", "FI AX"),
    ("359", "BG"),
    ("370", "LT"),
    ("371", "LV"),
    ("372", "EE"),
    ("373", "MD"),
    ("374", "AM"),
    ("375", "BY"),
    ("376", "AD"),
    ("377", "MC"),
    ("378", "SM"),
    ("379", "VA"),
    ("380", "UA"),
    ("381", "RS"),
    ("382", "ME"),
    ("383", "XK"),
    ("385", "HR"),
    ("386", "SI"),
    ("387", "BA"),
    ("389", "MK"),
    ("420", "CZ"),
    ("421", "SK"),
    ("423", "LI"),
    ("500", "FK"),
    ("501", "BZ"),
    ("502", "GT"),
    ("503", "SV"),
    ("504", "HN"),
    ("505", "NI"),
    ("506", "CR"),
    ("507", "PA"),
    ("508", "PM"),
    ("509", "HT"),
    ("590", "GP BL MF"),
    ("591", "BO"),
    ("592", "GY"),
    ("593", "EC"),
    ("594", "GF"),
    ("595", "PY"),
    ("596", "MQ"),
    ("597", "SR"),
    ("598", "UY"),
    ("599", "CW BQ"),
    ("670", "TL"),
    ("672", "NF"),
    ("673", "BN"),
    ("674", "NR"),
    ("675", "PG"),
    ("676", "TO"),
    ("677", "SB"),
    ("678", "VU"),
    ("679", "FJ"),
    ("680", "PW"),
    ("681", "WF"),
    ("682", "CK"),
    ("683", "NU"),
    ("685", "WS"),
    ("686", "KI"),
    ("687", "NC"),
    ("688", "TV"),
    ("689", "PF"),
    ("690", "TK"),
    ("691", "FM"),
    ("692", "MH"),
    ("850", "KP"),
    ("852", "HK"),
    ("853", "MO"),
    ("855", "KH"),
    ("856", "LA"),
    ("880", "BD"),
    ("886", "TW"),
    ("960", "MV"),
    ("961", "LB"),
    ("962", "JO"),
    ("963", "SY"),
    ("964", "IQ"),
    ("965", "KW"),
    ("966", "SA"),
    ("967", "YE"),
    ("968", "OM"),
    ("970", "PS"),
    ("971", "AE"),
    ("972", "IL PS"),
    ("973", "BH"),
    ("974", "QA"),
    ("975", "BT"),
    ("976", "MN"),
    ("977", "NP"),
    ("992", "TJ"),
    ("993", "TM"),
    ("994", "AZ"),
    ("995", "GE"),
    ("996", "KG"),
    ("998", "UZ"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn e164(country_code: &str, national: &str, iso: &str) -> Option<String> {
        Phone::parse(country_code, national, iso).ok().map(|phone| phone.e164())
    }

    #[test]
    fn the_parts_are_one_number() {
        assert_eq!(e164("1", "5555550100", "US"), Some("+15555550100".into()));
        assert_eq!(e164("49", "3012345678", "DE"), Some("+493012345678".into()));
        assert_eq!(e164("39", "0612345678", "IT"), Some("+390612345678".into()), "a zero that belongs to it");
        assert_eq!(e164("290", "22158", "SH"), Some("+29022158".into()));
    }

    #[test]
    fn countries_share_a_calling_code_and_a_number_is_the_same_in_each() {
        let parsed = |iso| Phone::parse("1", "2425550100", iso).unwrap();
        for iso in ["US", "CA", "BS", "PR", "JM"] {
            assert_eq!(parsed(iso), parsed("US"), "{iso}");
            assert_eq!(parsed(iso).iso(), iso);
        }
        assert_eq!(Phone::parse("1242", "5550100", "BS").unwrap(), parsed("BS"));
        assert_ne!(Phone::parse("44", "2425550100", "GB").unwrap(), parsed("US"));
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (country_code, national, iso) in [
            ("", "5555550100", "US"),
            ("+1", "5555550100", "US"),
            ("01", "5555550100", "US"),
            ("1 ", "5555550100", "US"),
            ("2", "5555550100", "US"),
            ("999", "5555550100", "US"),
            ("12425", "550100", "BS"),
            ("1", "", "US"),
            ("1", "555", "US"),
            ("1", "+5555550100", "US"),
            ("1", "555-555-0100", "US"),
            ("1", " 5555550100", "US"),
            ("1", "\u{665}555550100", "US"),
            ("1", "555555010012345", "US"),
            ("290", "221", "SH"),
            ("1", "5555550100", ""),
            ("1", "5555550100", "us"),
            ("1", "5555550100", "U"),
            ("1", "5555550100", "S C"),
            ("1", "5555550100", "US CA"),
            ("1", "5555550100", "DE"),
            ("49", "3012345678", "US"),
        ] {
            let refusal = Phone::parse(country_code, national, iso);
            assert!(refusal.is_err(), "{country_code} {national} {iso}");
        }
        assert_eq!(e164("1", "55555501001234", "US").unwrap().len(), 16, "fifteen digits and a plus");
    }

    #[test]
    fn one_text_is_taken_apart_in_one_way() {
        let parts = |text: &str| {
            let phone = Phone::from_e164(text).ok()?;
            Some(format!("{} {} {}", phone.country_code(), phone.national(), phone.iso()))
        };
        assert_eq!(parts("+15555550100"), Some("1 5555550100 US".into()));
        assert_eq!(parts("+12425550100"), Some("1 2425550100 US".into()));
        assert_eq!(parts("+38344123456"), Some("383 44123456 XK".into()));
        for text in ["", "+", "15555550100", "++15555550100", "+1 5555550100", "+9990000000", "+1555"] {
            assert_eq!(parts(text), None, "{text}");
        }
        for (index, (code, countries)) in CALLING_CODES.iter().enumerate() {
            assert!(countries.split(' ').all(|iso| iso.len() == 2), "{code}");
            for (other, _) in &CALLING_CODES[index + 1..] {
                assert!(!other.starts_with(code) && !code.starts_with(other), "{code} {other}");
            }
        }
    }
}
