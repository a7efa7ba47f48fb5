class Parser {
  #text; #at = 0;
  constructor(text) { this.#text = text; }
  #peek() { return this.#text[this.#at]; }
  get #done() { return this.#at >= this.#text.length; }
  set #position(value) { this.#at = value; }
  static #make(text) { return new Parser(text); }
  static words(text) { return Parser.#make(text).#all(); }
  #all() {
    const words = [];
    while (!this.#done) {
      let word = '';
      while (!this.#done && this.#peek() !== ' ') { word += this.#peek(); this.#at++; }
      if (word) words.push(word);
      this.#position = this.#at + 1;
    }
    return words;
  }
}
function main() { return Parser.words('the quick  brown fox '); }
