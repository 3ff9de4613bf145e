// Sends the form of a form_post answer at once (OAuth 2.0 Form Post Response Mode); without it the person presses the button.
document.forms[0].submit();
