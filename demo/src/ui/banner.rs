//! A message that matters.

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(crate) struct BannerProps {
    pub(crate) title: AttrValue,
    pub(crate) text: AttrValue,
    pub(crate) test_id: AttrValue,
    #[prop_or_default]
    pub(crate) children: Html,
}

#[component]
pub(crate) fn Banner(props: &BannerProps) -> Html {
    html! {
        <div class="banner" role="alert">
            <p class="banner-title">{ props.title.clone() }</p>
            <p data-testid={props.test_id.clone()}>{ props.text.clone() }</p>
            { props.children.clone() }
        </div>
    }
}
