(function(){ // queue of tasks with dynamic dispatch
 class T{constructor(n,k){this.n=n;this.k=k;this.c=0;this.next=null} run(s){this.c+=this.k;return this.next}} class U extends T{run(s){this.c^=this.k;s.h++;return this.next}} class V extends T{run(s){if(this.c&1)s.q++;this.c=this.c*3+1&0xffff;return this.next}}
 const s={h:0,q:0}; let ts=[]; for(let i=0;i<60;i++) ts.push(new [T,U,V][i%3]('t'+i,i)); ts.forEach((t,i)=>t.next=ts[(i*7+1)%60]); let t=ts[0]; for(let i=0;i<100000;i++) t=t.run(s); return s.h+s.q})()
